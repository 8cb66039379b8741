package bench

import (
	"context"
	"io"
	"time"
)

// Exports for the tests of single parts.

type Histogram struct{ histogram }

func (h *Histogram) Record(d time.Duration)           { h.record(d) }
func (h *Histogram) Quantile(q float64) time.Duration { return h.quantile(q) }
func (h *Histogram) Count() int64                     { return h.count() }
func (h *Histogram) Max() time.Duration               { return h.max() }

type Tally struct{ tally }

func (t *Tally) Add(err error)     { t.add(err) }
func (t *Tally) Reasons() []Reason { return t.reasons() }

type Stream struct{ *stream }

func NewStream(subscribers int) Stream { return Stream{newStream(1, subscribers)} }

func (s Stream) Next() (int64, bool) { return s.next() }
func (s Stream) Arrive()             { s.took.record(0); s.arrive(0) }
func (s Stream) Leave(got int64)     { s.leave(got) }
func (s Stream) Wait(ctx context.Context, publications int64) error {
	return s.wait(ctx, publications)
}

func (s Stream) Result() (publications, events, lost int64) {
	got := s.result()
	return got.publications, got.events, got.lost
}

func ParseMetrics(text io.Reader) (map[string]float64, error) { return parseMetrics(text) }

func Since(now, before map[string]float64) map[string]float64 { return reading(now).since(before) }

func ByLabel(r map[string]float64, name string) map[string]int { return reading(r).byLabel(name) }

func (r *Report) Judge() { r.judge() }

var (
	About   = about
	Grouped = grouped[int]
)

const MaxReasons = maxReasons
