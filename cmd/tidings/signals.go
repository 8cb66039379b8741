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
}

// serve makes SIGHUP ask for a reload, and returns the channel of such requests. Under nohup there are none.
func (s *signals) serve() <-chan struct{} {
	if s == nil {
		return nil
	}
	s.serving.Store(true)
	return s.reload
}

// untilSignal returns a context that ends with the first signal to end. A second one has its default effect: the
// process ends at once. SIGHUP ends every command but serve. One closed terminal may cause two, so a second SIGHUP is
// ignored. Under nohup all are.
func untilSignal(parent context.Context) (ctx context.Context, s *signals, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	s = &signals{reload: make(chan struct{}, 1)}
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, endSignals...)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(arrived, syscall.SIGHUP)
	}
	go func() {
		s.watch(ctx, arrived)
		signal.Reset(endSignals...)
		cancel()
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
