package transport

import (
	"context"
	"sync"
	"time"
)

// connContext is the context of Conversation.Receive. It ends when the connection begins to close. Done is hardly ever
// called, so its channel is made on demand: at rest a connContext costs 24 bytes, a tenth of a context of the standard
// library.
type connContext struct {
	mu   sync.Mutex // guards what follows
	done chan struct{}
	over bool
}

func (l *connContext) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	if l.done != nil {
		close(l.done)
	}
}

// Done implements [context.Context].
func (l *connContext) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.over {
			close(l.done)
		}
	}
	return l.done
}

// Err implements [context.Context].
func (l *connContext) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return context.Canceled
	}
	return nil
}

// Deadline implements [context.Context].
func (*connContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements [context.Context].
func (*connContext) Value(any) any { return nil }

// Interface guards.
var _ context.Context = (*connContext)(nil)
