package conformance_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// feature is a column of the table.
type feature string

const (
	tickets   feature = "ticket"
	subscribe feature = "subscribe"
	publish   feature = "publish"
	register  feature = "register"
	call      feature = "call"
	failures  feature = "errors"
	binary    feature = "binary"
	integers  feature = "integers"
	patterns  feature = "patterns"
	leaving   feature = "unsubscribe"
	itself    feature = "own events"
	refusals  feature = "refusals"
	goodbye   feature = "goodbye"
	retained  feature = "retained"
	shared    feature = "shared"
	timeouts  feature = "timeout"
	progress  feature = "progress"
)

var features = []feature{tickets, subscribe, publish, register, call, failures, binary, integers, patterns, leaving, itself, refusals, goodbye, retained, shared, timeouts, progress}

// report collects what worked: a table of clients and features.
type report struct {
	mu    sync.Mutex // guards what follows
	rows  []string
	cells map[string]map[feature]string
}

func newReport(peers []*peer) *report {
	r := &report{cells: make(map[string]map[feature]string)}
	for _, p := range peers {
		r.rows = append(r.rows, p.String())
		r.cells[p.String()] = make(map[feature]string)
	}
	return r
}

// worked marks a feature of a client, unless it has already failed.
func (r *report) worked(p *peer, f feature) { r.mark(p, f, "yes") }

// part marks a feature that a client or its serialization supports in part.
func (r *report) part(p *peer, f feature, which string) { r.mark(p, f, which) }

func (r *report) mark(p *peer, f feature, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cells[p.String()][f] != "FAILED" {
		r.cells[p.String()][f] = text
	}
}

// check fails the test and the client's cell if err is not nil.
func (r *report) check(t *testing.T, p *peer, f feature, err error) bool {
	t.Helper()
	if err == nil {
		r.worked(p, f)
		return true
	}
	r.mark(p, f, "FAILED")
	t.Errorf("%s: %s: %v", p, f, err)
	return false
}

func (r *report) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s", "")
	for _, f := range features {
		fmt.Fprintf(&b, " %-11s", f)
	}
	for _, row := range r.rows {
		fmt.Fprintf(&b, "\n%-24s", row)
		for _, f := range features {
			text := r.cells[row][f]
			if text == "" {
				text = "-"
			}
			fmt.Fprintf(&b, " %-11s", text)
		}
	}
	return b.String()
}
