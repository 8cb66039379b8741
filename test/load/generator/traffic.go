package generator

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Stream is a sequence of publications to the same subscribers, in order.
type Stream struct {
	Publisher *Conn
	// Append appends the frame of the publisher's next publication.
	Append      func(dst []byte) []byte
	Subscribers []*Conn
	// Deliveries is the number of events of a publication that not every subscriber receives. 0: every subscriber
	// receives it.
	Deliveries int
}

// Next selects the stream of the next publication when one of the closed loop is finished.
type Next uint8

// The orders.
const (
	InTurn     Next = iota // the streams in turn
	SameStream             // the stream of the finished publication
)

// Traffic describes publications and their rate.
type Traffic struct {
	Streams []Stream
	// Window is the number of publications in flight in a closed loop. A publication is finished when all its
	// subscribers have received it. 0 selects an open loop, at Rate publications a second.
	Window int
	Rate   float64
	Next   Next

	WarmUp, Measure time.Duration
	// CPU returns the CPU time of the server so far.
	CPU func() (time.Duration, error)
}

// Result holds the counts and times of the measured period.
type Result struct {
	Publications, Events int
	Wall, ServerCPU      time.Duration
	Worked               time.Duration // time in turns with work; the player does not sleep in the others
	Latency              *Histogram    // from the write of a publication to the read of an event
}

// lossTimeout limits how long no event may arrive while publications are in flight. Then the missing events are lost.
const lossTimeout = 15 * time.Second

// Play publishes, first to warm up and then to measure. Each period ends when all events have been received, so that
// the server's work and the events belong together. A lost event is an error.
func (p *Player) Play(ctx context.Context, t Traffic) (Result, error) {
	pl, err := newPlay(p, &t)
	if err != nil {
		return Result{}, err
	}
	p.play = pl
	defer func() {
		p.play = nil
		_ = unix.Close(pl.timer) // the run is over: an error changes nothing
	}()
	if err := pl.publishFor(ctx, t.WarmUp); err != nil {
		return Result{}, err
	}
	before, err := pl.reading()
	if err != nil {
		return Result{}, err
	}
	pl.latency = new(Histogram)
	if err := pl.publishFor(ctx, t.Measure); err != nil {
		return Result{}, err
	}
	after, err := pl.reading()
	if err != nil {
		return Result{}, err
	}
	result := after.since(before)
	result.Latency = pl.latency
	return result, nil
}

// publishFor publishes for d, and until an event has been received.
func (pl *play) publishFor(ctx context.Context, d time.Duration) error {
	if err := pl.start(); err != nil {
		return err
	}
	before, began := pl.events, pl.player.clock()
	if err := pl.player.Idle(ctx, d); err != nil {
		return err
	}
	for pl.events == before {
		if pl.player.clock()-began > d+lossTimeout {
			return fmt.Errorf("no event arrived for %s", d+lossTimeout)
		}
		if err := pl.player.turn(ctx, tick); err != nil {
			return err
		}
	}
	return pl.drain(ctx)
}

// reading holds all counters at one moment.
type reading struct {
	publications, events uint64
	at, server, worked   time.Duration
}

func (pl *play) reading() (reading, error) {
	server, err := pl.traffic.CPU()
	if err != nil {
		return reading{}, err
	}
	return reading{pl.finished, pl.events, pl.player.clock(), server, pl.player.worked}, nil
}

func (r reading) since(before reading) Result {
	return Result{
		Publications: int(r.publications - before.publications), Events: int(r.events - before.events),
		Wall: r.at - before.at, ServerCPU: r.server - before.server, Worked: r.worked - before.worked,
	}
}

// drain stops publishing and waits for the publications in flight.
func (pl *play) drain(ctx context.Context) error {
	pl.publishing = false
	seen, at := pl.events, pl.player.clock()
	for pl.finished < pl.sent {
		if err := pl.player.turn(ctx, tick); err != nil {
			return err
		}
		switch now := pl.player.clock(); {
		case pl.events != seen:
			seen, at = pl.events, now
		case now-at > lossTimeout:
			return fmt.Errorf("events are lost: %[2]d of %[1]d publications have not reached all subscribers, and no event arrived for %[3]s", pl.sent, pl.sent-pl.finished, lossTimeout)
		}
	}
	return nil
}
