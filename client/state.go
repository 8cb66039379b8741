package client

import (
	"math/rand/v2"
	"time"
)

// State is how the connection is.
type State uint8

// The states of a client, in the order in which it first meets them.
const (
	Connecting State = iota + 1
	Connected
	// Waiting for the next try.
	Waiting
	// Closed is the end: no further change follows.
	Closed
)

// String gives a lower-case name.
func (s State) String() string {
	switch s {
	case Connecting:
		return "connecting"
	case Connected:
		return "connected"
	case Waiting:
		return "waiting"
	case Closed:
		return "closed"
	}
	return "unknown"
}

// StateChange is one change of the connection.
type StateChange struct {
	State State
	// Session is the id of the session, when Connected.
	Session uint64
	// Try counts the tries since the last session that lasted, when Connecting or Waiting.
	Try int
	// Wait is the pause before the next try, when Waiting.
	Wait time.Duration
	// Err is why the connection was lost, when Waiting or Closed; nil after Close.
	Err error
}

// pause gives the wait before a try: doubled for each one, at most Max, shortened at random by up
// to a half.
func (r Reconnect) pause(try int) time.Duration {
	d := r.Max
	if shift := try - 1; shift < 32 && r.Min<<shift>>shift == r.Min && r.Min<<shift < r.Max {
		d = r.Min << shift
	}
	return d/2 + rand.N(d/2+1)
}
