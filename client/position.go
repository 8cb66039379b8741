package client

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Position is a place in the order of all publications that the router keeps. Epoch names the order, and Seq is a
// number in it that only grows. The zero Position is no place.
type Position struct {
	Epoch string
	Seq   uint64
}

// IsZero reports whether p is no place.
func (p Position) IsZero() bool { return p == Position{} }

// String returns epoch and number, with a colon between, or "" for the zero Position.
func (p Position) String() string {
	if p.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.Epoch, p.Seq)
}

// reaches reports whether everything up to other came before p or is p itself.
func (p Position) reaches(other Position) bool {
	return p.Epoch == other.Epoch && p.Seq >= other.Seq && !p.IsZero()
}

// Gap tells that events may be missing that cannot be had any more. The application should load anew what it shows.
type Gap struct {
	// From is the position of the last event before the gap; zero if it is unknown.
	From Position
	// To is the position at which the subscription goes on. Another epoch than that of From means that the router has
	// begun its order anew. Zero: nothing is kept of the topic.
	To Position
	// Kept is false if nothing is kept of the topic. Then the router does not know whether there was an event while the
	// client was away.
	Kept bool
}

// String describes the gap in a sentence.
func (g Gap) String() string {
	switch {
	case !g.Kept:
		return "events may have been missed, because the server keeps none of this topic"
	case g.From.IsZero() || g.To.IsZero() || g.From.Epoch != g.To.Epoch:
		return "events are missing, because the server does not have what was published after the last one"
	default:
		return fmt.Sprintf("events between the positions %d and %d are missing", g.From.Seq, g.To.Seq)
	}
}

// start says in a SUBSCRIBE which event comes first. The zero start begins with the next publication.
type start struct {
	since    Position
	last     int
	retained bool
}

// options adds the options of SUBSCRIBE to d. Routers that do not know positions ignore them.
func (s start) options(d wamp.Dict) wamp.Dict {
	switch {
	case !s.since.IsZero():
		d["_since"] = wamp.Dict{"_epoch": s.since.Epoch, "_seq": int64(s.since.Seq)}
	case s.last > 0:
		d["_last"] = int64(s.last)
	default:
		d["_positions"] = true
		if s.retained {
			d["get_retained"] = true
		}
	}
	return d
}

// progress holds the position of a subscription and what is known of the events before it. Its methods return the
// progress that follows. The client's lock guards the value.
type progress struct {
	position Position // of the last event; zero: unknown, or nothing is kept
	active   bool     // it was active in an earlier session, so that something may have been missed since
	caughtUp bool     // everything up to now has come in this session
	resuming bool     // events are dropped, because they come again after the answer to SUBSCRIBE
	retried  bool     // it has resumed because an event was missing, and no event since continues
	lossy    bool     // the router skips events in this session, so that a jump means nothing
	thinned  bool     // it has skipped events before the last one
}

// begin applies SUBSCRIBED to a request with start s. again reports whether the subscription was active before in this
// session. A nil Gap means that nothing is missing.
func (p progress) begin(s start, details wamp.Dict, again bool) (progress, *Gap) {
	to := positionOf(details)
	resumed := !s.since.IsZero()
	gone, _ := details.Bool("_gap")
	live, _ := details.Bool("_live")
	unknown := resumed && to.IsZero() || !resumed && s.last == 0 && p.active && !again
	var gap *Gap
	if gone || unknown {
		from := p.position
		if from.IsZero() {
			from = s.since
		}
		gap = &Gap{From: from, To: to, Kept: !to.IsZero()}
	}
	asksNow := !resumed && s.last == 0
	p.position, p.active, p.resuming, p.thinned = to, true, false, false
	p.caughtUp = asksNow || to.IsZero() || live
	return p, gap
}

// arrival is the verdict on an event.
type arrival struct {
	next     progress
	resume   bool // an event before it is missing: it is dropped, and the subscription resumes
	gap      *Gap
	position Position
	skipped  int
}

// advance applies an event. Caller has dropped it if p.resuming.
func (p progress) advance(details wamp.Dict) arrival {
	position := positionOf(details)
	number, _ := details.Int("_skipped")
	before, _ := details.Int("_prev")
	gone, _ := details.Bool("_gap")
	live, _ := details.Bool("_live")
	skipped := int(max(number, 0))
	known := !position.IsZero() && !p.position.IsZero()
	torn := known && position.Epoch != p.position.Epoch
	lossy := p.lossy || skipped > 0
	jump := torn || known && !lossy && before > 0 && uint64(before) > p.position.Seq
	if jump && !torn && !gone && !p.retried {
		p.resuming, p.retried, p.caughtUp = true, true, false
		return arrival{next: p, resume: true}
	}
	a := arrival{next: p, position: position, skipped: skipped}
	if gone || jump {
		a.gap = &Gap{From: p.position, To: Position{position.Epoch, uint64(max(before, 0))}, Kept: true}
	}
	a.next.lossy, a.next.thinned, a.next.retried = lossy, skipped > 0, jump
	a.next.caughtUp = p.caughtUp || live
	if !position.IsZero() {
		a.next.position = position
	}
	return a
}

// interrupt returns the progress after the end of a session.
func (p progress) interrupt() progress {
	return progress{position: p.position, active: p.active}
}

// positionOf returns the position in the details of SUBSCRIBED or EVENT, or the zero Position.
func positionOf(details wamp.Dict) Position {
	epoch, _ := details.String("_epoch")
	seq, known := details.Int("_seq")
	if epoch == "" || !known || seq < 0 {
		return Position{}
	}
	return Position{epoch, uint64(seq)}
}
