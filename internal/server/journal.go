package server

import (
	"context"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/journal"
)

// newJournal returns the journal of the realm. With a data folder it has a log there.
func (s *Server) newJournal(c *config.Config) *journal.Journal {
	options := journal.Options{Topics: c.Limits.KeptTopics, Bytes: int(c.Limits.KeptBytes), Logger: s.logger}
	if c.Data != "" {
		options.Log = s.engine.Log(cluster.LogOptions{Name: "journal", MaxBytes: int64(c.Journal.Bytes), Lazy: c.Journal.Sync == config.SyncLazily})
		options.LogBytes = int64(c.Journal.Bytes)
	}
	return journal.New(options)
}

// openStore starts the engine and reads the journal. The time for the second depends on what is kept.
func (s *Server) openStore(ctx context.Context) error {
	if err := s.startStore(ctx); err != nil {
		return err
	}
	return s.journal.Open(ctx)
}
