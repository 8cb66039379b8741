package peer

// Action is a kind of request that needs a decision (WAMP, "Authorization").
type Action uint8

// The actions that are authorized.
const (
	Subscribe Action = iota
	Publish
	Call
	Register
)

// String returns the action as WAMP names it.
func (a Action) String() string {
	switch a {
	case Subscribe:
		return "subscribe"
	case Publish:
		return "publish"
	case Call:
		return "call"
	case Register:
		return "register"
	}
	return "unknown"
}
