package audit

// Position is a place in the order of what is kept.
type Position struct {
	Epoch string
	Seq   uint64
}

// View collects the events of one subscription, over all sessions of its client. Only that client changes it.
type View struct {
	Client int
	Name   string

	log      *Log
	matches  func(topic string) bool
	epochs   []string
	receipts []receipt
	sessions []session
	gaps     []gap
	has      Position // the position of the client
}

// receipt is an event that came.
type receipt struct {
	publication int32 // -1: none that is known
	epoch       int16 // the place in epochs; -1: the event has no position
	hasPrev     bool
	seq, prev   uint64
}

// session is one subscription of the client's sessions in turn.
type session struct {
	tick     uint64
	first    int // the number of receipts before it
	position Position
	anew     bool // the client has the position that SUBSCRIBED says
	live     bool
	ended    bool // before it could become live
}

// gap is a statement of the server that something is missing. The client begins anew: it may get again what it had.
type gap struct {
	tick  uint64
	first int      // the number of receipts before it
	from  Position // that the client had
	to    Position // the oldest that there is
}

// Subscribed is a SUBSCRIBED, as far as it tells about positions.
type Subscribed struct {
	Position Position // the zero value: nothing is kept
	Resumed  bool     // the client has asked with _since
	Live     bool
	Gap      bool
	Oldest   uint64
}

// Event is an event as it came.
type Event struct {
	Publication int
	Topic       string
	Position    Position
	Prev        uint64
	HasPrev     bool
	Live        bool
	Gap         bool // something is missing before it
}

// Subscribed adds the answer to a SUBSCRIBE.
func (v *View) Subscribed(s Subscribed) {
	kept := s.Position != Position{}
	v.sessions = append(v.sessions, session{
		tick: v.log.Tick(), first: len(v.receipts), position: s.Position, anew: !s.Resumed || s.Gap || s.Live, live: s.Live || !kept,
	})
	if s.Gap {
		v.gap(Position{s.Position.Epoch, s.Oldest})
	}
	if kept && (!s.Resumed || s.Gap || s.Live) {
		v.has = s.Position
	}
}

func (v *View) gap(to Position) {
	v.gaps = append(v.gaps, gap{tick: v.log.Tick(), first: len(v.receipts), from: v.has, to: to})
}

// Event adds an event.
func (v *View) Event(e Event) {
	if e.Gap {
		v.gap(e.Position)
		e.HasPrev = false
	}
	r := receipt{publication: int32(e.Publication), epoch: v.epoch(e.Position.Epoch), seq: e.Position.Seq, prev: e.Prev, hasPrev: e.HasPrev}
	if !v.matches(e.Topic) {
		r.publication = -1
	}
	v.receipts = append(v.receipts, r)
	if r.epoch >= 0 {
		v.has = e.Position
	}
	if e.Live && len(v.sessions) > 0 {
		v.sessions[len(v.sessions)-1].live = true
	}
}

// Lost marks the end of a session whose connection was lost.
func (v *View) Lost() {
	if n := len(v.sessions); n > 0 {
		v.sessions[n-1].ended = true
	}
}

// Publications returns the publications that came, by their numbers.
func (v *View) Publications() []int {
	all := make([]int, 0, len(v.receipts))
	for _, r := range v.receipts {
		all = append(all, int(r.publication))
	}
	return all
}

// epoch returns the place of an epoch, -1 for none.
func (v *View) epoch(name string) int16 {
	if name == "" {
		return -1
	}
	for i := len(v.epochs) - 1; i >= 0; i-- {
		if v.epochs[i] == name {
			return int16(i)
		}
	}
	v.epochs = append(v.epochs, name)
	return int16(len(v.epochs) - 1)
}
