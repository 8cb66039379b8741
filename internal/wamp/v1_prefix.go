package wamp

import "strings"

const (
	// maxV1Prefixes limits the memory that one client can use for prefixes.
	maxV1Prefixes = 64
	// maxV1Prefix limits the bytes of one prefix.
	maxV1Prefix = 64
)

// prefixes holds the URI prefixes that a client has declared with PREFIX.
type prefixes struct{ uris map[string]string }

func (p *prefixes) set(prefix, uri string) error {
	switch {
	case len(prefix) > maxV1Prefix:
		return Violation("version 1: the prefix has %d bytes, %d are allowed", len(prefix), maxV1Prefix)
	case len(uri) > MaxURIBytes:
		return Violation("version 1: the URI of a prefix has %d bytes, %d are allowed", len(uri), MaxURIBytes)
	}
	if _, known := p.uris[prefix]; !known && len(p.uris) >= maxV1Prefixes {
		return Fail(ErrLimitExceeded, "a client may declare %d prefixes", maxV1Prefixes)
	}
	if p.uris == nil {
		p.uris = map[string]string{}
	}
	p.uris[prefix] = uri
	return nil
}

// expand returns the URI that a CURIE stands for. Text without a declared prefix is a URI already, and so is
// text with // after the colon.
func (p *prefixes) expand(curie string) string {
	prefix, rest, ok := strings.Cut(curie, ":")
	if !ok || strings.HasPrefix(rest, "//") {
		return curie
	}
	if uri, known := p.uris[prefix]; known {
		return uri + rest
	}
	return curie
}
