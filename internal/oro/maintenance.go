package oro

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// maintenance knows the last oro/maintenance. During maintenance the application answers no page, so one whose
// connection is lost cannot come back before the end, and would miss it. Safe for concurrent use.
type maintenance struct {
	component *Component
	keep      time.Duration // 0: nothing is remembered
	store     feature.Store

	turn    sync.Mutex // one publication at a time; taken before mu, and guards version
	version uint64     // of what is stored

	mu   sync.Mutex // guards what follows
	last lastMaintenance
}

// lastMaintenance is the last event, as it is stored.
type lastMaintenance struct {
	Value json.RawMessage `json:"value"` // nil: there is none
	At    time.Time       `json:"at"`
}

// open loads what another process has stored.
func (m *maintenance) open(ctx context.Context) error {
	value, version, err := m.store.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the last %s: %w", topicMaintenance, err)
	}
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version = version; version == 0 {
		return nil
	}
	if err := json.Unmarshal(value, &m.last); err != nil {
		return fmt.Errorf("load the last %s: %w", topicMaintenance, err)
	}
	return nil
}

// take takes a publication of a backend. It is delivered also if it cannot be stored. One follows another, so that the
// last one that pages get is the last one that is stored.
func (m *maintenance) take(e router.LocalEvent) {
	value, err := e.Payload.Value()
	if err != nil {
		m.component.refuse(topicMaintenance, err)
		return
	}
	m.turn.Lock()
	defer m.turn.Unlock()
	last := lastMaintenance{Value: append(json.RawMessage(nil), value...), At: time.Now().UTC()}
	m.mu.Lock()
	m.last = last
	m.mu.Unlock()
	m.component.publish(router.Publication{Topic: topicMaintenance, Payload: valuePayload(last.Value)})
	if m.keep == 0 {
		return
	}
	if err := m.save(last); err != nil {
		m.component.log.Warn("the last oro/maintenance cannot be stored: after a restart it is not sent to pages that come back", "error", err)
	}
}

const (
	// saveTimeout bounds storing the last event. The publisher waits for it.
	saveTimeout = 3 * time.Second
	// saveTries bounds the repetitions when other nodes store theirs at the same time.
	saveTries = 5
)

// save stores the last event in the place of the one that is stored, whichever that is. Caller must hold turn.
func (m *maintenance) save(last lastMaintenance) error {
	value, err := json.Marshal(last)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	for range saveTries {
		now, saved, err := m.store.Save(ctx, value, m.version)
		if err != nil {
			return err
		}
		if saved {
			m.version = now
			return nil
		}
		if _, m.version, err = m.store.Load(ctx); err != nil {
			return err
		}
	}
	return errors.New("other nodes store theirs at the same time")
}

// tell sends the last event to a session that has just subscribed, unless it is too old.
func (m *maintenance) tell(s *router.Session) {
	m.mu.Lock()
	last := m.last
	m.mu.Unlock()
	if m.keep == 0 || last.Value == nil || time.Since(last.At) > m.keep {
		return
	}
	m.component.counts.lateMaintenance.Add(1)
	m.component.publish(router.Publication{
		Topic: topicMaintenance, Payload: valuePayload(last.Value), Filter: only(s),
	})
}

// valuePayload returns a payload of one value, which is JSON.
func valuePayload(value []byte) wamp.Payload {
	args := append(append([]byte{'['}, value...), ']')
	return wamp.Payload{Serialization: wamp.JSON, Args: args}
}
