package generator

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// play holds the state of a Traffic.
type play struct {
	player     *Player
	traffic    *Traffic
	streams    []stream
	turn       int // the next stream
	publishing bool
	timer      int           // a timerfd in the loop's epoll, for the open loop
	began      time.Duration // when the open loop began
	scheduled  uint64        // publications since then
	unstamped  []unstamped

	sent, finished, events uint64
	latency                *Histogram // nil: not measured
}

type stream struct {
	*Stream
	missing int
	// ring holds the publications first to next-1, at their number modulo its length, which is a power of two.
	ring        []publication
	first, next uint64
	got         int // received events of the first publication, if Deliveries is set
}

type publication struct {
	at      time.Duration // when it was written
	missing int           // missing events
}

// unstamped is a publication that the end of the turn will write.
type unstamped struct {
	stream *stream
	number uint64
}

func newPlay(p *Player, t *Traffic) (*play, error) {
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	pl := &play{player: p, traffic: t, timer: timer, streams: make([]stream, len(t.Streams))}
	for i := range t.Streams {
		s := &pl.streams[i]
		*s = stream{Stream: &t.Streams[i], missing: t.Streams[i].Deliveries, ring: make([]publication, 64)}
		if s.missing == 0 {
			s.missing = len(s.Subscribers)
		}
		for _, c := range s.Subscribers {
			c.stream, c.next = s, 0
		}
	}
	return pl, p.watch(unix.EPOLL_CTL_ADD, timer, unix.EPOLLIN)
}

func (pl *play) start() error {
	pl.publishing = true
	if pl.traffic.Window > 0 {
		for range pl.traffic.Window {
			pl.publish(pl.inTurn())
		}
		return nil
	}
	pl.began, pl.scheduled = pl.player.clock(), 0
	interval := unix.NsecToTimespec(int64(float64(time.Second) / pl.traffic.Rate))
	if err := unix.TimerfdSettime(pl.timer, 0, &unix.ItimerSpec{Interval: interval, Value: interval}, nil); err != nil {
		return fmt.Errorf("set a timer: %w", err)
	}
	return nil
}

// tick makes the publications that are due, and writes them at once.
func (pl *play) tick() error {
	var expirations [8]byte
	_, _ = unix.Read(pl.timer, expirations[:]) // only clears the timer: the clock tells what is due
	if !pl.publishing {
		return nil
	}
	due := uint64((pl.player.clock() - pl.began).Seconds() * pl.traffic.Rate)
	for ; pl.scheduled < due; pl.scheduled++ {
		pl.publish(pl.inTurn())
	}
	return pl.player.flush()
}

func (pl *play) inTurn() *stream {
	s := &pl.streams[pl.turn]
	if pl.turn++; pl.turn == len(pl.streams) {
		pl.turn = 0
	}
	return s
}

func (pl *play) publish(s *stream) {
	if s.next-s.first == uint64(len(s.ring)) {
		s.grow()
	}
	*s.at(s.next) = publication{missing: s.missing}
	pl.unstamped = append(pl.unstamped, unstamped{s, s.next})
	s.next++
	pl.sent++
	s.Publisher.out = s.Append(s.Publisher.out)
	pl.player.queueFlush(s.Publisher)
}

// stamp sets the time of the publications that are about to be written.
func (pl *play) stamp() {
	if len(pl.unstamped) == 0 {
		return
	}
	now := pl.player.clock()
	for _, u := range pl.unstamped {
		u.stream.at(u.number).at = now
	}
	pl.unstamped = pl.unstamped[:0]
}

func (s *stream) at(number uint64) *publication { return &s.ring[number&uint64(len(s.ring)-1)] }

func (s *stream) grow() {
	old := *s
	s.ring = make([]publication, 2*len(old.ring))
	for n := old.first; n < old.next; n++ {
		*s.at(n) = *old.at(n)
	}
}

// received counts events of a connection. The first is the event of publication c.next.
func (pl *play) received(c *Conn, events int) error {
	s := c.stream
	if s == nil {
		return nil
	}
	pl.events += uint64(events)
	if s.Deliveries > 0 {
		return pl.receivedTogether(s, events)
	}
	for range events {
		if c.next == s.next {
			return fmt.Errorf("connection %d received more events than were published", c.client.Number)
		}
		publication := s.at(c.next)
		c.next++
		if pl.latency != nil {
			pl.latency.Record(pl.player.now - publication.at)
		}
		if publication.missing--; publication.missing == 0 {
			pl.finish(s)
		}
	}
	return nil
}

// receivedTogether counts events that cannot be assigned to a publication.
func (pl *play) receivedTogether(s *stream, events int) error {
	for s.got += events; s.got >= s.Deliveries; s.got -= s.Deliveries {
		if s.first == s.next {
			return fmt.Errorf("%d more events arrived than were published", s.got)
		}
		s.at(s.first).missing = 0
		pl.finish(s)
	}
	return nil
}

// finish counts a publication that all its subscribers have received, and continues the closed loop.
func (pl *play) finish(s *stream) {
	pl.finished++
	for s.first < s.next && s.at(s.first).missing == 0 {
		s.first++
	}
	if !pl.publishing || pl.traffic.Window == 0 {
		return
	}
	if pl.traffic.Next == InTurn {
		s = pl.inTurn()
	}
	pl.publish(s)
}
