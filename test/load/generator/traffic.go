package generator

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Stream is a sequence of publications that reach the same subscribers, in order.
type Stream struct {
	Publisher *Conn
	// Append appends what the publisher sends for its next publication.
	Append      func(dst []byte) []byte
	Subscribers []*Conn
	// Deliveries is how many events a publication causes where not each subscriber gets it. 0: each does.
	Deliveries int
}

// Next says which stream is published to when a publication of the closed loop is finished.
type Next uint8

// The orders.
const (
	InTurn     Next = iota // the stream whose turn it is
	SameStream             // that of the publication
)

// Traffic is what is published, and how fast.
type Traffic struct {
	Streams []Stream
	// Window is how many publications are in flight in a closed loop: one is finished when everybody
	// who has to receive it has done so. 0: an open loop, at Rate a second.
	Window int
	Rate   float64
	Next   Next

	WarmUp, Measure time.Duration
	// CPU gives what the server has used so far.
	CPU func() (time.Duration, error)
}

// Result is what happened while it was measured.
type Result struct {
	Publications, Events int
	Wall, ServerCPU      time.Duration
	Worked               time.Duration // by the player, which does not sleep when there is nothing to do
	Latency              *Histogram    // from the write of a publication to the read of an event
}

// silence is how long nothing may come while something is on its way. What has not come then is lost.
const silence = 15 * time.Second

// Play publishes, first to warm up and then to measure. Each time it waits until everything has been
// received, so that what the server did and what it is divided by belong together. What is lost is an error.
func (p *Player) Play(ctx context.Context, t Traffic) (Result, error) {
	pl, err := newPlay(p, &t)
	if err != nil {
		return Result{}, err
	}
	p.play = pl
	defer func() {
		p.play = nil
		_ = unix.Close(pl.timer) // nobody could do anything about it
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

// publishFor publishes for so long, and until something has been received.
func (pl *play) publishFor(ctx context.Context, d time.Duration) error {
	if err := pl.start(); err != nil {
		return err
	}
	before, began := pl.events, pl.player.clock()
	if err := pl.player.Rest(ctx, d); err != nil {
		return err
	}
	for pl.events == before {
		if pl.player.clock()-began > d+silence {
			return fmt.Errorf("nothing was received for %s", d+silence)
		}
		if err := pl.player.turn(ctx, tick); err != nil {
			return err
		}
	}
	return pl.drain(ctx)
}

// reading is where everything stands at one moment.
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

// drain publishes nothing more and waits for what is in flight.
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
		case now-at > silence:
			return fmt.Errorf("lost: of %d publications, %d have not reached everybody, and nothing came for %s", pl.sent, pl.sent-pl.finished, silence)
		}
	}
	return nil
}
