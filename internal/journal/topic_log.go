package journal

import (
	linked "container/list"
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// maxRetained bounds the retained events of one topic: the last one for all sessions, and newer ones with lists of
// receivers.
const maxRetained = 8

// topicLog holds the kept publications of one topic. The journal's lock guards it.
type topicLog struct {
	topic    wamp.URI
	share    *share          // of its contract
	place    *linked.Element // in the share; its value is the log
	retained []*item         // oldest first; only the first may be for all sessions
	history  []*item         // oldest first
	bytes    int
}

// retain stores a retained event. One that is for all sessions replaces all others; one with lists of receivers is
// stored beside them.
func (l *topicLog) retain(added *item) {
	if added.Filter.AdmitsAll() {
		for _, old := range l.retained {
			l.bytes -= old.size
		}
		l.retained = nil // a new array: the old one would hold what is no longer counted
	} else if len(l.retained) == maxRetained {
		oldest := 0
		if l.retained[0].Filter.AdmitsAll() {
			oldest = 1
		}
		l.bytes -= l.retained[oldest].size
		l.retained = slices.Delete(l.retained, oldest, oldest+1)
	}
	l.retained = append(l.retained, added)
	l.bytes += added.size
}

// next returns the first item of the history that is in the window, or the last one if reverse; nil: there is none.
func (l *topicLog) next(w window, reverse bool) *item {
	switch items := w.cut(l.history); {
	case len(items) == 0:
		return nil
	case reverse:
		return items[len(items)-1]
	default:
		return items[0]
	}
}

// surplus returns the items of a history of limit items that make room for one more.
func (l *topicLog) surplus(limit int) []*item { return l.history[:max(0, len(l.history)+1-limit)] }

// append stores an item in the history, which keeps limit items.
func (l *topicLog) append(added *item, limit int) {
	old := l.surplus(limit)
	for _, it := range old {
		l.bytes -= it.size
	}
	l.history = append(slices.Delete(l.history, 0, len(old)), added)
	l.bytes += added.size
}
