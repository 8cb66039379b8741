package router

import (
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// start says where in the order of the journal a subscriber begins. The zero start is now.
type start struct {
	positions bool                 // its events carry positions
	after     publication.Position // _since; without an epoch there is none
	last      int                  // _last; 0: none
	retained  bool                 // get_retained
}

// maxLast bounds _last.
const maxLast = 1_000_000

// maxSeq is the highest Seq that every serialization and language expresses.
const maxSeq = 1<<53 - 1

// parseStart reads the options of a SUBSCRIBE that say where to begin. _since and _last take the place of get_retained.
func parseStart(options wamp.Dict) (start, error) {
	var s start
	s.retained, _ = options.Bool("get_retained")
	given := func(key string) (any, bool) { v := options[key]; return v, v != nil }
	if v, ok := given("_positions"); ok {
		if s.positions, ok = v.(bool); !ok {
			return start{}, badOption("SUBSCRIBE", "_positions", "a boolean")
		}
	}
	if _, ok := given("_since"); ok {
		position, isDict := options.Dict("_since")
		epoch, hasEpoch := position.String("_epoch")
		seq, hasSeq := position.Int("_seq")
		if !isDict || !hasEpoch || epoch == "" || !hasSeq || seq < 0 || seq > maxSeq {
			return start{}, badOption("SUBSCRIBE", "_since", `a dict with "_epoch", a string, and "_seq", an integer, as an event has them`)
		}
		s.positions, s.retained, s.after = true, false, publication.Position{Epoch: epoch, Seq: uint64(seq)}
	}
	if _, ok := given("_last"); ok {
		n, isInt := options.Int("_last")
		if !isInt || n < 1 || n > maxLast {
			return start{}, badOption("SUBSCRIBE", "_last", "a number from 1 to 1000000")
		}
		if s.after.Epoch != "" {
			return start{}, wamp.Fail(wamp.ErrInvalidArgument, "SUBSCRIBE.Options has both _since and _last: send one of them")
		}
		s.positions, s.retained, s.last = true, false, int(n)
	}
	return s, nil
}

func badOption(message, key, want string) error {
	return wamp.Fail(wamp.ErrInvalidArgument, "%s.Options.%s must be %s", message, key, want)
}

// reads reports whether the subscriber gets what was published before.
func (s *start) reads() bool { return s.after.Epoch != "" || s.last > 0 || s.retained }
