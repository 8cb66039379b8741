package oro

import (
	"context"
	"encoding/json"
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

	mu      sync.Mutex // guards what follows
	last    lastMaintenance
	version uint64 // of last in the store
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

// take takes a publication of a backend. It is delivered also if it cannot be stored.
func (m *maintenance) take(e router.LocalEvent) {
	value, err := e.Payload.Value()
	if err != nil {
		m.component.refuse(topicMaintenance, err)
		return
	}
	last := lastMaintenance{Value: append(json.RawMessage(nil), value...), At: time.Now().UTC()}
	m.mu.Lock()
	m.last = last
	m.mu.Unlock()
	m.component.publish(router.Publication{Topic: topicMaintenance, Payload: valuePayload(last.Value)})
	if m.keep > 0 {
		m.save(last)
	}
}

// saveTimeout bounds storing the last event. The publisher waits for it.
const saveTimeout = 3 * time.Second

func (m *maintenance) save(last lastMaintenance) {
	value, err := json.Marshal(last)
	if err != nil {
		m.component.log.Error("the last oro/maintenance cannot be stored", "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	m.mu.Lock()
	version := m.version
	m.mu.Unlock()
	now, _, err := m.store.Save(ctx, value, version)
	if err == nil && now == version { // another node has stored one
		_, now, err = m.store.Load(ctx)
	}
	if err != nil {
		m.component.log.Warn("the last oro/maintenance cannot be stored: after a restart it is not sent to pages that come back", "error", err)
		return
	}
	m.mu.Lock()
	m.version = max(m.version, now)
	m.mu.Unlock()
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
