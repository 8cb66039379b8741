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
	// errandsAtOnce is how many errands are run before others have a turn: as many as a convoy may come of.
	errandsAtOnce = convoySize
	// idleWorkers is how many workers wait for more to do; others end.
	idleWorkers = 4
	// watched is what epoll is to tell.
	watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
)

// poller looks after the links of a shard.
type poller struct {
	epoll   *os.File
	raw     syscall.RawConn
	workers sync.WaitGroup

	// Owned by the worker that polls.
	events [eventsAtOnce]unix.EpollEvent
	got    int
	wait   func(fd uintptr) bool

	mu      sync.Mutex // guards what follows; a shard's readyMu is taken under it
	work    sync.Cond  // told when there is something to do
	ready   []errand   // from next on
	next    int
	errands uint      // that were run, ever
	links   []*polled // by slot.index
	spare   []slot    // with the generation of who comes next
	started bool      // there are workers
	polling bool      // a worker waits for the kernel
	coming  bool      // a worker was called and has not come yet
	idle    int       // workers that wait
	stopped bool
}

// errand is what a worker does: the reader of a link, or the request of who arrives.
type errand interface{ run() }

// slot is a link's number for epoll: an event may be on its way while its link is freed, so that who
// comes in its place has another generation.
type slot struct{ index, generation int32 }

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that the runtime's poller takes it
		unix.Close(fd)
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &poller{epoll: os.NewFile(uintptr(fd), "epoll")}
	p.work.L = &p.mu
	p.wait = p.collect
	if p.raw, err = p.epoll.SyscallConn(); err != nil {
		p.epoll.Close()
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	return p, nil
}

// add has the link told of what happens to its descriptor.
func (p *poller) add(l *polled) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.spare) - 1; last >= 0 {
		l.slot, p.spare = p.spare[last], p.spare[:last]
		p.links[l.slot.index] = l
	} else {
		l.slot = slot{index: int32(len(p.links))}
		p.links = append(p.links, l)
	}
	p.startLocked()
	event := unix.EpollEvent{Events: watched, Fd: l.slot.index, Pad: l.slot.generation}
	var err error
	if broken := p.raw.Control(func(fd uintptr) {
		err = unix.EpollCtl(int(fd), unix.EPOLL_CTL_ADD, l.fd, &event)
	}); broken != nil {
		err = broken
	}
	return err
}

// remove frees the slot. The kernel forgets the descriptor when it is closed.
func (p *poller) remove(l *polled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l.slot.index] = nil
	p.spare = append(p.spare, slot{l.slot.index, l.slot.generation + 1})
}

// push puts a link on the list. Who raised its turn from 0 does that, or who has the turn.
func (p *poller) push(l *polled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = append(p.ready, l)
	p.callLocked()
}

// admit is push for who has just arrived. It reports false if there are no workers any more.
func (p *poller) admit(a *arrival) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	p.ready = append(p.ready, a)
	p.startLocked()
	p.callLocked()
	return true
}

// startLocked has a worker wait for the kernel.
func (p *poller) startLocked() {
	if !p.started {
		p.started = true
		p.callLocked()
	}
}

func (p *poller) popLocked() errand {
	if p.next == len(p.ready) {
		p.ready, p.next = p.ready[:0], 0
		return nil
	}
	first := p.ready[p.next]
	p.ready[p.next] = nil
	p.next++
	return first
}

// callLocked makes sure that a worker is on its way to the list.
func (p *poller) callLocked() {
	switch {
	case p.coming || p.stopped:
	case p.idle > 0:
		p.coming = true
		p.work.Signal()
	default:
		p.coming = true
		p.workers.Go(p.run)
	}
}

// run is a worker.
func (p *poller) run() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.coming = false
	for !p.stopped {
		next := p.popLocked()
		switch {
		case next != nil:
			if p.next < len(p.ready) || !p.polling {
				p.callLocked()
			}
			p.errands++
			turn := p.errands%errandsAtOnce == 0
			p.mu.Unlock()
			if next.run(); turn {
				giveOthersATurn()
			}
			p.mu.Lock()
		case !p.polling:
			p.pollLocked()
		case p.idle >= idleWorkers:
			return
		default:
			p.idle++
			p.work.Wait()
			p.idle--
			p.coming = false
		}
	}
}

// giveOthersATurn keeps a worker that is never at rest from having the only processor to itself: who writes
// has a turn, and the scheduler hears of a call, so that its watchman sees to everybody else.
func giveOthersATurn() {
	unix.Syscall(unix.SYS_GETPID, 0, 0, 0) //nolint:errcheck // unlike unix.Getpid, it is told of
	runtime.Gosched()
}

// pollLocked waits for the kernel and puts what it tells on the list. Where there is one processor, what the
// errands had to be written is written before more is read.
func (p *poller) pollLocked() {
	p.polling = true
	p.mu.Unlock()
	runtime.Gosched()
	err := p.raw.Read(p.wait)
	p.mu.Lock()
	p.polling = false
	if err != nil { // it is closed
		p.stopped = true
		return
	}
	for i := range p.events[:p.got] {
		event := &p.events[i]
		l := p.links[event.Fd]
		if l == nil || l.slot.generation != event.Pad {
			continue
		}
		l.happened(event.Events)
		if event.Events&^unix.EPOLLOUT != 0 && l.turn.Add(1) == 1 {
			p.ready = append(p.ready, l)
		}
	}
}

// collect reports false when there is nothing, to be called again when there is.
func (p *poller) collect(fd uintptr) bool {
	n, err := pollNow(int(fd), p.events[:])
	p.got = n
	return n > 0 || err != nil
}

// stop ends the workers. No link is left then; who has only just arrived is sent away.
func (p *poller) stop() {
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

// pollerOnce is a shard's poller, made for its first link: a server whose connections are none of the
// system's has none.
type pollerOnce struct {
	once   sync.Once
	poller *poller
	err    error
}

func (o *pollerOnce) get() (*poller, error) {
	o.once.Do(func() { o.poller, o.err = newPoller() })
	return o.poller, o.err
}

func (o *pollerOnce) stop() {
	if o.once.Do(func() { o.err = errStopped }); o.poller != nil {
		o.poller.stop()
	}
}
