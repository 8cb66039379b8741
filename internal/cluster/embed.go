package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startTimeout bounds waiting for the embedded server. The start was measured at 5 ms, and at 230 ms with 200,000
// stored subjects.
const startTimeout = 30 * time.Second

// embedded is a NATS server in this process that listens on no port.
type embedded struct{ server *server.Server }

// embed starts a server with the store of the options and waits until it is ready. The server calls suspect after it
// has logged an error.
func embed(ctx context.Context, options Options, suspect func()) (_ *embedded, err error) {
	log := &serverLog{log: options.Logger, suspect: suspect}
	s := &embedded{}
	if s.server, err = server.NewServer(serverOptions(options)); err != nil {
		return nil, fmt.Errorf("configure the embedded server: %w", err)
	}
	s.server.SetLoggerV2(log, false, false, false)
	if err = s.start(log); err != nil {
		err = damaged(fmt.Errorf("open the store in %s: %w", options.Dir, err))
	} else {
		err = s.waitReady(ctx)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// start starts the server. It recovers from a panic, because files that are damaged in some way may cause one.
func (s *embedded) start(log *serverLog) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the embedded server panicked: %v", fault)
		}
	}()
	s.server.Start()
	return log.fatal()
}

func (s *embedded) waitReady(ctx context.Context) error {
	wait := startTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	if !s.server.ReadyForConnections(wait) {
		return fmt.Errorf("the embedded server was not ready after %s", wait)
	}
	return nil
}

func serverOptions(options Options) *server.Options {
	return &server.Options{
		ServerName:             "tidings",
		DontListen:             true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		JetStreamMaxStore:      options.MaxStore,
		StoreDir:               options.Dir,
		SyncInterval:           options.syncEvery,
		// After a power cut, a used ticket that is forgotten could be used again, and a maintenance that is
		// forgotten lets users in. Syncing costs 0.2 to 0.6 ms a login (BenchmarkUse).
		SyncAlways: true,
	}
}

// address tells a connection where the server is: in this process.
func (s *embedded) address() nats.Option { return nats.InProcessServer(s.server) }

// stop ends the server and waits until its files are closed.
func (s *embedded) stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
