package transport

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A goroutine that waits for each connection would cost a stack for each, which is more than all the
// rest of a connection at rest. Instead a few goroutines look after all connections of a shard:
//
//	epoll ── what has happened ──> ready list ──> a worker runs the reader of each: polled.run
//
// Messages are handled in that same goroutine, and that may take as long as an application's answer to
// the question whether somebody may do something. So whoever takes a link from the list first makes
// sure that another worker looks after what comes behind it: at any time one is on its way to the
// list, or waits for the kernel. As long as nobody blocks, that other one finds nothing to do.
//
// The epoll descriptor is itself watched by the runtime's poller, so that waiting for it is like
// waiting for any socket: no thread is held.
//
// Events are edge-triggered: each says once that something has come, or that there is room to write
// again. The kernel does not have to be told anything between.

const (
	// eventsAtOnce is how many events are taken from the kernel with one call.
	eventsAtOnce = 256
	// tasksPerYield is how many errands are run before others have a turn: as many as a convoy may come of.
	tasksPerYield = batchSize
	// idleWorkers is how many workers wait for more to do; others end.
	idleWorkers = 4
	// watchedEvents is what epoll is to tell.
	watchedEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
)

// eventLoop looks after the links of a shard.
type eventLoop struct {
	epoll   *os.File
	raw     syscall.RawConn
	workers sync.WaitGroup

	// Owned by the worker that polls.
	events [eventsAtOnce]unix.EpollEvent
	got    int
	wait   func(fd uintptr) bool

	mu       sync.Mutex // guards what follows; a shard's readyMu is taken under it
	work     sync.Cond  // told when there is something to do
	ready    []task     // from next on
	next     int
	tasks    uint           // that were run, ever
	sockets  []*epollSocket // by slot.index
	free     []slot         // with the generation of who comes next
	started  bool           // there are workers
	waiting  bool           // a worker waits for the kernel
	starting bool           // a worker was called and has not come yet
	idle     int            // workers that wait
	stopped  bool
}

// task is what a worker does: the reader of a link, or the request of who arrives.
type task interface{ run() }

// slot is a link's number for epoll: an event may be on its way while its link is freed, so that who
// comes in its place has another generation.
type slot struct{ index, generation int32 }

func newEventLoop() (*eventLoop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that the runtime's poller takes it
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

// add has the link told of what happens to its descriptor.
func (p *eventLoop) add(l *epollSocket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		l.slot, p.free = p.free[last], p.free[:last]
		p.sockets[l.slot.index] = l
	} else {
		l.slot = slot{index: int32(len(p.sockets))}
		p.sockets = append(p.sockets, l)
	}
	p.startLocked()
	event := unix.EpollEvent{Events: watchedEvents, Fd: l.slot.index, Pad: l.slot.generation}
	var err error
	if broken := p.raw.Control(func(fd uintptr) {
		err = unix.EpollCtl(int(fd), unix.EPOLL_CTL_ADD, l.fd, &event)
	}); broken != nil {
		err = broken
	}
	return err
}

// remove frees the slot. The kernel forgets the descriptor when it is closed.
func (p *eventLoop) remove(l *epollSocket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets[l.slot.index] = nil
	p.free = append(p.free, slot{l.slot.index, l.slot.generation + 1})
}

// push puts a link on the list. Who raised its turn from 0 does that, or who has the turn.
func (p *eventLoop) push(l *epollSocket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = append(p.ready, l)
	p.startWorkerLocked()
}

// enqueueAccepted is push for who has just arrived. It reports false if there are no workers any more.
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

// startLocked has a worker wait for the kernel.
func (p *eventLoop) startLocked() {
	if !p.started {
		p.started = true
		p.startWorkerLocked()
	}
}

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

// startWorkerLocked makes sure that a worker is on its way to the list.
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

// run is a worker.
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
			turn := p.tasks%tasksPerYield == 0
			p.mu.Unlock()
			if next.run(); turn {
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

// yieldProcessor keeps a worker that is never at rest from having the only processor to itself: who writes
// has a turn, and the scheduler hears of a call, so that its watchman sees to everybody else.
func yieldProcessor() {
	unix.Syscall(unix.SYS_GETPID, 0, 0, 0) //nolint:errcheck // unlike unix.Getpid, it is told of
	runtime.Gosched()
}

// waitLocked waits for the kernel and puts what it tells on the list. Where there is one processor, what the
// errands had to be written is written before more is read.
func (p *eventLoop) waitLocked() {
	p.waiting = true
	p.mu.Unlock()
	runtime.Gosched()
	err := p.raw.Read(p.wait)
	p.mu.Lock()
	p.waiting = false
	if err != nil { // it is closed
		p.stopped = true
		return
	}
	for i := range p.events[:p.got] {
		event := &p.events[i]
		l := p.sockets[event.Fd]
		if l == nil || l.slot.generation != event.Pad {
			continue
		}
		l.onEvent(event.Events)
		if event.Events&^unix.EPOLLOUT != 0 && l.wakes.Add(1) == 1 {
			p.ready = append(p.ready, l)
		}
	}
}

// collect reports false when there is nothing, to be called again when there is.
func (p *eventLoop) collect(fd uintptr) bool {
	n, err := rawEpollWait(int(fd), p.events[:])
	p.got = n
	return n > 0 || err != nil
}

// stop ends the workers. No link is left then; who has only just arrived is sent away.
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

// errStopped is for who comes after the end.
var errStopped = errors.New("the server has stopped")

// eventLoopOnce is a shard's poller, made for its first link: a server whose connections are none of the
// system's has none.
type eventLoopOnce struct {
	once sync.Once
	loop *eventLoop
	err  error
}

func (o *eventLoopOnce) get() (*eventLoop, error) {
	o.once.Do(func() { o.loop, o.err = newEventLoop() })
	return o.loop, o.err
}

func (o *eventLoopOnce) stop() {
	if o.once.Do(func() { o.err = errStopped }); o.loop != nil {
		o.loop.stop()
	}
}
