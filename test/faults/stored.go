//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
	"github.com/tidings-io/tidings/test/faults/audit"
)

// readStored reads all that a server keeps, as a client that comes when the others have ended.
func readStored(ctx context.Context, s *server, log *audit.Log) (views []*audit.View, err error) {
	joined, err := join(ctx, s.direct, ways[0], login{silence: patience})
	if err != nil {
		return nil, fmt.Errorf("read what is stored: %w", err)
	}
	defer joined.conn().Close()
	defer context.AfterFunc(ctx, func() { joined.conn().Close() })()
	for i, prefix := range []string{"chat.", "order."} {
		view := log.Stored("what is stored of "+prefix, matcher("prefix", prefix))
		if err := readAll(joined, wamp.ID(i+1), prefix, view); err != nil {
			return nil, fmt.Errorf("read what is stored of %s: %w", prefix, err)
		}
		views = append(views, view)
	}
	return views, errors.Join(joined.write(&wamp.Goodbye{Details: wamp.Dict{}, Reason: wamp.CloseGoodbyeAndOut}), drain(joined))
}

// readAll reads all that is kept below a prefix into a view.
func readAll(joined *session, request wamp.ID, prefix string, view *audit.View) error {
	w := &want{topic: prefix, match: "prefix", view: view, last: make(map[int]bool), topics: -1}
	options := wamp.Dict{"match": "prefix", "_last": int64(1_000_000)}
	if err := joined.write(&wamp.Subscribe{Request: request, Options: options, Topic: wamp.URI(prefix)}); err != nil {
		return err
	}
	for !w.live.Load() {
		m, err := joined.next()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wamp.Subscribed:
			w.subscribed(m)
		case *wamp.Event:
			if err := w.event(m); err != nil {
				return err
			}
		default:
			return fmt.Errorf("a message %T: %v", m, m)
		}
	}
	return nil
}

// drain reads until the server has answered GOODBYE.
func drain(joined *session) error {
	for range 100 {
		m, err := joined.next()
		if _, isLast := m.(*wamp.Goodbye); isLast || err != nil {
			return err
		}
	}
	return errors.New("the server did not answer GOODBYE")
}
