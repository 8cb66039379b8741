package netpoll

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// One blocked goroutine for each connection would cost a stack for each, more than the rest of a connection at rest.
// Instead a few workers run the readers of all sockets of a loop:
//
//	epoll ── events ──> ready list ──> a worker runs the reader of each socket: epollSocket.run
//
// A reader handles its messages in the worker, and that may take as long as an application needs for an answer. So a
// worker that takes a task first makes sure that another worker is on its way to the rest of the list or waits for the
// kernel. As long as no reader blocks, that other worker finds nothing to do.
//
// The runtime's own poller watches the epoll descriptor, so waiting for it is like waiting for any socket and holds no
// thread. Events are edge-triggered: the kernel reports once that something has arrived, or that there is room to write
// again, and needs no call in between.

const (
	// eventsAtOnce is the number of events that one call fetches from the kernel.
	eventsAtOnce = 256
	// tasksPerYield is the number of tasks after which a worker yields: as many as one batch may be the result of.
	tasksPerYield = batchSize
	// idleWorkers is the number of workers that wait for tasks. Further workers end.
	idleWorkers = 4
	// watchedEvents are the events of a socket that epoll reports.
	watchedEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
)

// eventLoop waits for the events of a loop's sockets and runs their readers.
type eventLoop struct {
	epoll   *os.File
	raw     syscall.RawConn
	workers sync.WaitGroup

	// Owned by the worker that waits for the kernel.
	events [eventsAtOnce]unix.EpollEvent
	got    int
	wait   func(fd uintptr) bool

	mu       sync.Mutex // guards what follows
	work     sync.Cond  // signaled when there is something to do
	ready    []task     // from next on
	next     int
	tasks    uint           // that were run, ever
	sockets  []*epollSocket // by slot.index
	free     []slot         // each with the generation of its next socket
	started  bool           // there are workers
	waiting  bool           // a worker waits for the kernel
	starting bool           // a worker was called and is not running yet
	idle     int            // workers that wait for tasks
	stopped  bool
}

// task is a piece of work for a worker: the reader of a socket, or the request of an accepted connection.
type task interface{ run() }

// slot identifies a socket in events. An event can arrive after its socket was closed. The generation tells the old
// socket from the one that reuses the slot.
type slot struct{ index, generation int32 }

func newEventLoop() (*eventLoop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // os.NewFile hands only these to the runtime's poller
		unix.Close(fd)
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &eventLoop{epoll: os.NewFile(uintptr(fd), "epoll")}
	p.work.L = &p.mu
	p.wait = p.collect
	if p.raw, err = p.epoll.SyscallConn(); err != nil {
		p.epoll.Close()
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	return p, nil
}

// add registers the descriptor of a socket.
func (p *eventLoop) add(s *epollSocket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		s.slot, p.free = p.free[last], p.free[:last]
		p.sockets[s.slot.index] = s
	} else {
		s.slot = slot{index: int32(len(p.sockets))}
		p.sockets = append(p.sockets, s)
	}
	p.startLocked()
	event := unix.EpollEvent{Events: watchedEvents, Fd: s.slot.index, Pad: s.slot.generation}
	var err error
	if broken := p.raw.Control(func(fd uintptr) {
		err = unix.EpollCtl(int(fd), unix.EPOLL_CTL_ADD, s.fd, &event)
	}); broken != nil {
		err = broken
	}
	return err
}

// remove frees the slot of a socket. The kernel forgets the descriptor when it is closed.
func (p *eventLoop) remove(s *epollSocket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets[s.slot.index] = nil
	p.free = append(p.free, slot{s.slot.index, s.slot.generation + 1})
}

// push enqueues a socket. Only the caller that raised wakes from 0 may call it, and the worker that runs the reader.
func (p *eventLoop) push(s *epollSocket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = append(p.ready, s)
	p.startWorkerLocked()
}

// enqueueAccepted enqueues a newly accepted connection. It returns false after stop.
func (p *eventLoop) enqueueAccepted(a *acceptedConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	p.ready = append(p.ready, a)
	p.startLocked()
	p.startWorkerLocked()
	return true
}

// startLocked starts the first worker. Caller must hold mu.
func (p *eventLoop) startLocked() {
	if !p.started {
		p.started = true
		p.startWorkerLocked()
	}
}

// popLocked returns the next task, or nil. Caller must hold mu.
func (p *eventLoop) popLocked() task {
	if p.next == len(p.ready) {
		p.ready, p.next = p.ready[:0], 0
		return nil
	}
	first := p.ready[p.next]
	p.ready[p.next] = nil
	p.next++
	return first
}

// startWorkerLocked makes sure that a worker is on its way to the list. Caller must hold mu.
func (p *eventLoop) startWorkerLocked() {
	switch {
	case p.starting || p.stopped:
	case p.idle > 0:
		p.starting = true
		p.work.Signal()
	default:
		p.starting = true
		p.workers.Go(p.run)
	}
}

// run is the goroutine of a worker.
func (p *eventLoop) run() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starting = false
	for !p.stopped {
		next := p.popLocked()
		switch {
		case next != nil:
			if p.next < len(p.ready) || !p.waiting {
				p.startWorkerLocked()
			}
			p.tasks++
			yield := p.tasks%tasksPerYield == 0
			p.mu.Unlock()
			if next.run(); yield {
				yieldProcessor()
			}
			p.mu.Lock()
		case !p.waiting:
			p.waitLocked()
		case p.idle >= idleWorkers:
			return
		default:
			p.idle++
			p.work.Wait()
			p.idle--
			p.starting = false
		}
	}
}

// yieldProcessor lets other goroutines run when GOMAXPROCS is 1, and shows this goroutine to sysmon.
//
// A busy worker makes nothing but raw system calls, and two mechanisms of the runtime do not see those:
//
//   - The scheduler runs other goroutines when one blocks. The worker never does, so it calls Gosched.
//   - sysmon, the monitor thread, preempts goroutines after 10 ms and polls the network if all processors are busy. It
//     falls asleep when everything is idle, and an event of the network does not wake it. An ordinary system call does
//     (entersyscallWakeSysmon in runtime/proc.go of Go 1.26), and every 64th task pays for one. unix.Getpid is a raw
//     call, so getpid is called by its number.
//
// TestAYieldLetsOtherGoroutinesRun and TestAYieldWakesSysmon fail if a release of Go does this differently.
func yieldProcessor() {
	showToSysmon()
	runtime.Gosched()
}

// showToSysmon makes one ordinary system call.
func showToSysmon() {
	unix.Syscall(unix.SYS_GETPID, 0, 0, 0) //nolint:errcheck // it cannot fail
}

// waitLocked waits for the kernel and enqueues the sockets of its events. It yields first, so that with one processor
// the writer writes the results of the last tasks before more is read. Caller must hold mu.
func (p *eventLoop) waitLocked() {
	p.waiting = true
	p.mu.Unlock()
	runtime.Gosched()
	err := p.raw.Read(p.wait)
	p.mu.Lock()
	p.waiting = false
	if err != nil { // epoll is closed
		p.stopped = true
		return
	}
	for i := range p.events[:p.got] {
		event := &p.events[i]
		s := p.sockets[event.Fd]
		if s == nil || s.slot.generation != event.Pad {
			continue
		}
		s.onEvent(event.Events)
		if event.Events&^unix.EPOLLOUT != 0 && s.wakes.Add(1) == 1 {
			p.ready = append(p.ready, s)
		}
	}
}

// collect fetches events. It returns false if there are none; then the runtime calls it again when epoll is readable.
func (p *eventLoop) collect(fd uintptr) bool {
	n, err := rawEpollWait(int(fd), p.events[:])
	p.got = n
	return n > 0 || err != nil
}

// stop ends the workers. All sockets are removed by then. An accepted connection that still waits is refused.
func (p *eventLoop) stop() {
	p.mu.Lock()
	p.stopped = true
	p.work.Broadcast()
	p.mu.Unlock()
	p.epoll.Close()
	p.workers.Wait()
	for next := p.popLocked(); next != nil; next = p.popLocked() {
		next.run()
	}
}

var errStopped = errors.New("the event loop has stopped")

// lazyEventLoop makes the event loop of a Loop for its first socket. A server without system sockets has none.
type lazyEventLoop struct {
	once sync.Once
	loop *eventLoop
	err  error
}

func (o *lazyEventLoop) get() (*eventLoop, error) {
	o.once.Do(func() { o.loop, o.err = newEventLoop() })
	return o.loop, o.err
}

func (o *lazyEventLoop) stop() {
	if o.once.Do(func() { o.err = errStopped }); o.loop != nil {
		o.loop.stop()
	}
}
