package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startTimeout bounds waiting for the embedded server. The start was measured at 5 ms, and at 230 ms with 200,000
// stored subjects.
const startTimeout = 30 * time.Second

// embedded is a NATS server in this process that listens on no port.
type embedded struct {
	server *server.Server
	log    *slog.Logger
	undo   []func() // releases the folder, last first
}

// embed starts a server with the store of the options and waits until it is ready.
func embed(ctx context.Context, options Options) (_ *embedded, err error) {
	s := &embedded{log: options.Logger}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	dir, err := s.folder(options.Dir)
	if err != nil {
		return nil, err
	}
	log := &serverLog{log: options.Logger}
	s.server, err = server.NewServer(serverOptions(options, dir))
	if err != nil {
		return nil, fmt.Errorf("configure the embedded server: %w", err)
	}
	s.server.SetLoggerV2(log, false, false, false)
	s.server.Start()
	if err := log.fatal(); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	wait := startTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	if !s.server.ReadyForConnections(wait) {
		return nil, fmt.Errorf("the embedded server was not ready after %s", wait)
	}
	return s, nil
}

// folder makes and locks the folder of the store and returns its path. Without a data folder it makes a temporary one:
// the server needs a folder even when all buckets are in memory, and its default is shared by all programs.
func (s *embedded) folder(data string) (string, error) {
	if data == "" {
		dir, err := os.MkdirTemp("", "tidings-engine-")
		if err != nil {
			return "", fmt.Errorf("make a temporary folder: %w", err)
		}
		s.undo = append(s.undo, func() {
			if err := os.RemoveAll(dir); err != nil {
				s.log.Warn("cannot remove the engine's temporary folder", "dir", dir, "error", err)
			}
		})
		return dir, nil
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	unlock, err := lock(filepath.Join(data, "lock"))
	if err != nil {
		return "", fmt.Errorf("lock the data folder: %w", err)
	}
	s.undo = append(s.undo, unlock)
	return data, nil
}

func serverOptions(options Options, dir string) *server.Options {
	return &server.Options{
		ServerName:             "tidings",
		DontListen:             true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		JetStreamMaxMemory:     options.MaxMemory,
		JetStreamMaxStore:      options.MaxStore,
		StoreDir:               dir,
		// After a power cut, a used ticket that is forgotten could be used again, and a maintenance that is
		// forgotten lets users in. Syncing costs 0.2 to 0.6 ms a login (BenchmarkUse).
		SyncAlways: options.Dir != "",
	}
}

// address tells a connection where the server is: in this process.
func (s *embedded) address() nats.Option { return nats.InProcessServer(s.server) }

// stop ends the server, waits until its files are closed, and releases the folder.
func (s *embedded) stop() {
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	for i := len(s.undo) - 1; i >= 0; i-- {
		s.undo[i]()
	}
}
