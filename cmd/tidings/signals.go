package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// endSignals end a command, for good if they come again.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}

// untilSignal returns a context that ends with the first signal to end. A second one has its default effect: the
// process ends at once. SIGHUP asks for the same as SIGTERM, because no command can load its configuration again.
// One closed terminal may cause two, so a second SIGHUP is ignored. Under nohup all are.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endSignals...)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Reset(endSignals...)
		cancel()
	}()
	return ctx, cancel
}

// surviveWriteErrors makes failed writes to the log errors instead of the end of the process. By default a Go program
// ends when it writes to standard error after the reader of that pipe has ended (SIGPIPE), or to a file that is as
// large as the process may make it (SIGXFSZ). Commands whose output is their purpose, such as subscribe, do end.
func surviveWriteErrors() { signal.Ignore(writeErrors...) }
