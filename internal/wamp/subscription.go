package wamp

// Subscription is one topic or pattern with subscribers, which share it.
type Subscription struct {
	ID    ID
	Topic URI
	Match Match
}
