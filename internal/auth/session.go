package auth

import (
	"fmt"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
)

// maxSession bounds the life of a session that has an end. It is far below every Unix time, so that a time in the place
// of seconds is refused and does not open a session for decades.
const maxSession = 366 * 24 * time.Hour

// sessionLife returns the life of a session that a ticket or the application gives as a number of seconds; 0: the
// session has no end.
func sessionLife(seconds any) (time.Duration, error) {
	if seconds == nil {
		return 0, nil
	}
	n, ok := normalizeNumber(seconds).(int64)
	if !ok || n < 1 || n > int64(maxSession/time.Second) {
		return 0, fmt.Errorf("session must be a whole number of seconds from the login, 1 to %d; leave it out for a session without end",
			maxSession/time.Second)
	}
	return time.Duration(n) * time.Second, nil
}

// endAfter makes a session of the identity end after a time; 0: never.
func endAfter(identity *peer.Identity, life time.Duration) {
	if life > 0 {
		identity.Expires = time.Now().Add(life)
	}
}

// earlier returns the earlier of two times, of which the zero time is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
