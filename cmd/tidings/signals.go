package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// endSignals end a command, for good if they come again.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}

// signals are the requests that come to the process as signals. A nil value has none.
type signals struct {
	serving atomic.Bool   // the command is serve: SIGHUP asks for a reload, and no longer for the end
	reload  chan struct{} // holds a value if a reload is asked for
	hurry   chan struct{} // closed when a server is asked to end for the second time
}

// serve makes SIGHUP ask for a reload, and the second signal to end ask for hurry. Under nohup SIGHUP asks for nothing.
func (s *signals) serve() {
	if s != nil {
		s.serving.Store(true)
	}
}

// requests returns the channels of requests for a reload and for hurry. They are nil if there are none.
func (s *signals) requests() (reload, hurry <-chan struct{}) {
	if s == nil {
		return nil, nil
	}
	return s.reload, s.hurry
}

// untilSignal returns a context that ends with the first signal to end. A second one has its default effect: the
// process ends at once. The second one shortens the stop of a server, and the third one ends the process. SIGHUP ends
// every command but serve. One closed terminal may cause two, so a second SIGHUP is ignored. Under nohup all are.
func untilSignal(parent context.Context) (ctx context.Context, s *signals, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	s = &signals{reload: make(chan struct{}, 1), hurry: make(chan struct{})}
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, endSignals...)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(arrived, syscall.SIGHUP)
	}
	go func() {
		s.watch(ctx, arrived)
		if !s.serving.Load() {
			signal.Reset(endSignals...)
		}
		cancel()
		if s.serving.Load() {
			s.watch(parent, arrived)
			signal.Reset(endSignals...)
			close(s.hurry)
		}
	}()
	return ctx, s, cancel
}

// watch returns when the command is to end.
func (s *signals) watch(ctx context.Context, arrived <-chan os.Signal) {
	for {
		select {
		case got := <-arrived:
			if got != syscall.SIGHUP || !s.serving.Load() {
				return
			}
			select {
			case s.reload <- struct{}{}:
			default: // one is asked for already
			}
		case <-ctx.Done():
			return
		}
	}
}

// surviveWriteErrors makes failed writes to the log errors instead of the end of the process. By default a Go program
// ends when it writes to standard error after the reader of that pipe has ended (SIGPIPE), or to a file that is as
// large as the process may make it (SIGXFSZ). Commands whose output is their purpose, such as subscribe, do end.
func surviveWriteErrors() { signal.Ignore(writeErrors...) }
