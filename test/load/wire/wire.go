// Package wire implements the client side of each server's protocol, as bytes: what a client sends, and how it
// recognizes what it receives. It does no I/O, so that one loop can play ten thousand clients. It parses as little as
// possible, so that the generator is not the limit.
package wire

// Role is the role of a connection.
type Role uint8

// The roles.
const (
	Subscriber Role = iota
	Publisher
	Caller
	Callee
)

// Match selects how a subscriber's topics match.
type Match uint8

// The values of Match. Not every server supports all of them.
const (
	Exact Match = iota
	Prefix
	Wildcard
)

// Client describes a connection: its number, role and topics.
type Client struct {
	Role    Role
	Number  int    // from 0, unique for the server process: it gives the user and the ticket
	Visit   int    // the number of earlier connections of the same client, which have used other tickets
	Address string // host:port, for the Host header
	Topics  []string
	Match   Match

	// Of subscribers that follow positions, with one topic:

	Told   func(Position) // gets the position at which the subscription begins; nil: not asked
	Since  *Position      // where the client was before; nil: the subscription begins now
	Missed int            // the number of events since then; the script ends when all of them have been received
}

// Position is a place in the order of what a server keeps.
type Position struct {
	Epoch string
	Seq   uint64
}

// Dialect is the protocol of the clients of one kind of server.
type Dialect interface {
	// Script returns the exchanges of a connection from its first byte until it is ready: a subscriber is subscribed,
	// a publisher may publish.
	Script(Client) []Step
	// AppendPublish appends the bytes of one publication by a ready publisher. The payload is the JSON text of one
	// value.
	AppendPublish(dst []byte, topic string, payload []byte) []byte
	// Meter returns a meter for one ready connection.
	Meter() Meter
}

// Step is one exchange of a Script.
type Step struct {
	Send []byte
	// Answered gets the received bytes that no earlier step has consumed. It returns the length of the answer, or 0
	// if the answer is not complete. An error quotes what the server sent instead.
	Answered func(received []byte) (consumed int, err error)
}

// Meter counts the events of one connection. Count gets the received bytes in pieces, which may be cut anywhere, and
// keeps nothing of p. Answers to publications, pings and the like are no events.
type Meter interface {
	Count(p []byte) (events int, err error)
}

// Answerer is implemented by meters of connections that must answer the server: a ping with a pong, an INVOCATION
// with a YIELD.
type Answerer interface {
	// AppendAnswers appends all answers that are due.
	AppendAnswers(dst []byte) []byte
}

// Keeper is implemented by dialects of servers that keep publications.
type Keeper interface {
	Dialect
	// Keep returns the exchange of a publication that the server acknowledges when it has kept it.
	Keep(topic string, payload []byte) Step
	// Subscribe returns the exchanges of the subscriptions of a connected client, which are the end of its Script.
	Subscribe(c Client) []Step
}

// Acknowledged is implemented by dialects that can count acknowledgements.
type Acknowledged interface {
	Keeper
	// Acknowledgements returns the Meter of a publisher: its events are acknowledgements of publications.
	Acknowledgements() Meter
}

// RPC is implemented by dialects with remote procedure calls. Scripts of callers and callees name the procedure as
// their only topic.
type RPC interface {
	Dialect
	// AppendCall appends a call of the procedure. Ids count from 1 on each connection.
	AppendCall(dst []byte, id uint64, call Call) []byte
	// Results returns the Meter of a caller: its events are results.
	Results() Meter
	// Callee returns the Meter of a callee, which is an Answerer. Its events are invocations, and it answers each
	// with the payload.
	Callee(payload []byte) Meter
}

// Call is a procedure and its argument, the JSON text of one value.
type Call struct {
	Procedure string
	Payload   []byte
}
