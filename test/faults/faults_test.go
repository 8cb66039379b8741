//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// The short form of the program: faults of small scale.
func TestNothingIsLostDoubledOrOutOfOrder(t *testing.T) {
	with, err := newPrograms(t.Context(), os.Getenv("TIDINGS_BINARY"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(heading)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			r, err := f.run(t.Context(), with, f.short)
			if err != nil {
				t.Fatal(err)
			}
			var missing unavailable
			if errors.As(r.failed, &missing) {
				fmt.Println(missing) // for the summary of make test
				t.Skip(missing)
			}
			fmt.Println(r)
			if r.failed != nil {
				t.Error(r.failed)
			}
			if r.Acknowledged == 0 || r.Expected == 0 {
				t.Errorf("too little happened: %+v", r.Report)
			}
		})
	}
}

// A server with a fault is found out: a man in the middle of one client takes away, repeats or exchanges events of a
// real server.
func TestAPlantedFaultIsFound(t *testing.T) {
	with, err := newPrograms(t.Context(), os.Getenv("TIDINGS_BINARY"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, planted := range map[string]struct {
		tamper                  func(n int, m wamp.Message, held *wamp.Message) []wamp.Message
		lost, doubled, disorder int
	}{
		"loss": {
			tamper: func(n int, m wamp.Message, _ *wamp.Message) []wamp.Message {
				if n == 20 {
					return nil
				}
				return []wamp.Message{m}
			},
			lost: 1,
		},
		"double": {
			tamper: func(n int, m wamp.Message, _ *wamp.Message) []wamp.Message {
				if n == 20 {
					return []wamp.Message{m, m}
				}
				return []wamp.Message{m}
			},
			doubled: 1,
		},
		"swap": {
			tamper: func(n int, m wamp.Message, held *wamp.Message) []wamp.Message {
				switch n {
				case 20:
					*held = m
					return nil
				case 21:
					return []wamp.Message{m, *held}
				}
				return []wamp.Message{m}
			},
			disorder: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := fault{name: name, play: calm, prepare: func(_ context.Context, s *scene) error {
				events, held, of := 0, wamp.Message(nil), wamp.ID(0)
				s.subscribers[0].tamper = func(m wamp.Message) []wamp.Message {
					event, isEvent := m.(*wamp.Event)
					if isEvent && of == 0 {
						of = event.Subscription
					}
					if !isEvent || event.Subscription != of {
						return []wamp.Message{m}
					}
					events++
					return planted.tamper(events, m, &held)
				}
				return nil
			}}
			r, err := f.run(t.Context(), with, scale{subscribers: 5, publishers: 2, topics: 4, publications: 100})
			if err != nil {
				t.Fatal(err)
			}
			if r.Lost != planted.lost || r.Doubled != planted.doubled || r.Disordered != planted.disorder || r.failed == nil {
				t.Errorf("%d lost, %d doubled, %d out of order; want %d, %d, %d: %v",
					r.Lost, r.Doubled, r.Disordered, planted.lost, planted.doubled, planted.disorder, r.failed)
			}
			if r.Silent != 0 {
				t.Errorf("%d were lost in silence: %v", r.Silent, r.failed)
			}
		})
	}
}
