package peer

// Strictness selects how closely clients are held to the text of the specification.
type Strictness uint8

const (
	// Lenient accepts what clients in use do: request ids out of sequence, progressive results of callees that
	// cannot be interrupted, rerouting by callees that did not announce it.
	Lenient Strictness = iota
	// Strict accepts only what the specification allows.
	Strict
)
