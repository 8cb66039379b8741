// Package wire knows how a client speaks to each kind of server, as bytes: what it sends, and how it
// tells what has come. It does no I/O, so that one loop can play ten thousand clients, and it parses
// no more than it must, so that the generator is not what is measured.
package wire

// Role is what a connection is for.
type Role uint8

// The roles.
const (
	Subscriber Role = iota
	Publisher
	Caller
	Callee
)

// Match is how a subscriber's topics are to be understood.
type Match uint8

// The kinds of match. Not every server knows all of them.
const (
	Exact Match = iota
	Prefix
	Wildcard
)

// Client says who a connection is, and what for.
type Client struct {
	Role    Role
	Number  int    // from 0, unlike any other of the same server process: users and tickets are made of it
	Address string // host:port, for the Host header
	Topics  []string
	Match   Match
}

// Dialect is how clients speak to one kind of server.
type Dialect interface {
	// Script is all that a connection says and hears from its first byte until it is ready: a
	// subscriber has been told that it is subscribed, a publisher may publish.
	Script(Client) []Step
	// AppendPublish appends what a publisher that is ready sends for one publication. The payload is
	// the JSON text of one value.
	AppendPublish(dst []byte, topic string, payload []byte) []byte
	// Meter is for one connection that is ready.
	Meter() Meter
}

// Step is one exchange of a Script.
type Step struct {
	Send []byte
	// Answered looks at what has come since and was not consumed by an earlier step. It gives how many
	// bytes the answer is, or 0 when it is not complete. An error quotes what the server said instead.
	Answered func(received []byte) (consumed int, err error)
}

// Meter counts the events in what one connection receives, which it is given piece by piece, cut
// anywhere. Answers to publications, pings and the like are no events. It keeps nothing of p.
type Meter interface {
	Count(p []byte) (events int, err error)
}

// Answerer is what a Meter is too if its connection may owe the server something for what has come:
// the pong for a ping, the YIELD for an INVOCATION.
type Answerer interface {
	// AppendAnswers appends what is owed, after which nothing is.
	AppendAnswers(dst []byte) []byte
}

// RPC is what dialects with remote procedure calls know in addition. Scripts of callers and callees
// name the procedure as their only topic.
type RPC interface {
	Dialect
	// AppendCall appends a call of the procedure. Ids count from 1 on each connection.
	AppendCall(dst []byte, id uint64, call Call) []byte
	// Results is the Meter for a caller: its events are results.
	Results() Meter
	// Callee is the Meter for a callee, and an Answerer: its events are invocations, each of which it
	// answers with the payload.
	Callee(payload []byte) Meter
}

// Call is what is called, and with what: the JSON text of one value.
type Call struct {
	Procedure string
	Payload   []byte
}
