package replay

import (
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Start says where in the order of the journal a subscriber begins. The zero Start is now.
type Start struct {
	Positions bool                 // its events carry positions
	After     publication.Position // _since; without an epoch there is none
	Last      int                  // _last; 0: none
	Retained  bool                 // get_retained
}

// maxLast bounds _last.
const maxLast = 1_000_000

// ParseStart reads the options of a SUBSCRIBE that say where to begin. _since and _last take the place of get_retained.
func ParseStart(options wamp.Dict) (Start, error) {
	var s Start
	s.Retained, _ = options.Bool("get_retained")
	given := func(key string) (any, bool) { v := options[key]; return v, v != nil }
	if v, ok := given("_positions"); ok {
		if s.Positions, ok = v.(bool); !ok {
			return Start{}, publication.InvalidOption("SUBSCRIBE", "_positions", "a boolean")
		}
	}
	if _, ok := given("_since"); ok {
		position, isDict := options.Dict("_since")
		epoch, hasEpoch := position.String("_epoch")
		seq, hasSeq := position.Int("_seq")
		if !isDict || !hasEpoch || epoch == "" || !hasSeq || seq < 0 || seq > publication.MaxSeq {
			return Start{}, publication.InvalidOption("SUBSCRIBE", "_since", `a dict with "_epoch", a string, and "_seq", an integer, as an event has them`)
		}
		s.Positions, s.Retained, s.After = true, false, publication.Position{Epoch: epoch, Seq: uint64(seq)}
	}
	if _, ok := given("_last"); ok {
		n, isInt := options.Int("_last")
		if !isInt || n < 1 || n > maxLast {
			return Start{}, publication.InvalidOption("SUBSCRIBE", "_last", "a number from 1 to 1000000")
		}
		if s.After.Epoch != "" {
			return Start{}, wamp.Fail(wamp.ErrInvalidArgument, "SUBSCRIBE.Options has both _since and _last: send one of them")
		}
		s.Positions, s.Retained, s.Last = true, false, int(n)
	}
	return s, nil
}

// reads reports whether the subscriber gets what was published before.
func (s *Start) reads() bool { return s.After.Epoch != "" || s.Last > 0 || s.Retained }
