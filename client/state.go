package client

import (
	"math/rand/v2"
	"time"
)

// State is the state of the connection.
type State uint8

// The states, in the order in which a client first enters them.
const (
	Connecting State = iota + 1
	Connected
	// Waiting means the pause before the next try.
	Waiting
	// Closed is final: no further change follows.
	Closed
)

// String returns a lower-case name.
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
	// Try counts the tries since the last session that lasted, in the states Connecting and Waiting.
	Try int
	// Wait is the pause before the next try, when Waiting.
	Wait time.Duration
	// Err is the reason of the lost connection, in the states Waiting and Closed; nil after Close.
	Err error
}

// pause returns the pause before a try: doubled for each try, at most Max, and shortened at random by up to a half.
func (r Reconnect) pause(try int) time.Duration {
	d := r.Max
	if shift := try - 1; shift < 32 && r.Min<<shift>>shift == r.Min && r.Min<<shift < r.Max {
		d = r.Min << shift
	}
	return d/2 + rand.N(d/2+1)
}
