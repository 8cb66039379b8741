package wamp

// URI names a realm, a topic, a procedure or an error (WAMP, "URIs").
type URI string
