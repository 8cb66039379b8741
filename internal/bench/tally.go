package bench

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Reason is a cause of failures and their number.
type Reason struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// tally counts reasons. The zero value is empty.
type tally struct {
	mu     sync.Mutex // guards what follows
	counts map[string]int
}

func (t *tally) add(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[string]int)
	}
	t.counts[reasonOf(err)]++
}

// maxReasons keeps a report short if every failure has another text.
const maxReasons = 8

// reasons returns the most frequent reasons, most frequent first, and the sum of the others.
func (t *tally) reasons() []Reason {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Reason, 0, len(t.counts))
	for reason, count := range t.counts {
		list = append(list, Reason{reason, count})
	}
	slices.SortFunc(list, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	if len(list) > maxReasons {
		rest := Reason{Reason: "other reasons"}
		for _, r := range list[maxReasons-1:] {
			rest.Count += r.Count
		}
		list = append(list[:maxReasons-1], rest)
	}
	return list
}

// reasonOf returns the text of an error without ports and addresses. Equal causes have equal texts.
func reasonOf(err error) string {
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return "this machine lets the bench open no more files"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine has no more ports for connections to the server"
	case strings.Contains(err.Error(), "server closed the connection: 1013"):
		return "the server closed it as slow (1013): what waited for it was more than limits.outbox_bytes or limits.outbox_frames"
	case strings.Contains(err.Error(), "server answered 503"):
		return "the server is full or stopping (503): see limits.connections"
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		return "the server did not answer in time"
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	case errors.Is(err, io.EOF):
		return "the server dropped it"
	}
	return err.Error()
}
