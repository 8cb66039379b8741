package encode

import (
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Batch holds messages in one format, each behind the other. All clients of the format share it.
type Batch struct {
	Format *outbox.Format
	outbox.Packet
	Missing int // messages that the format cannot express
}

// Add encodes and frames a message behind the others. A message that cannot be encoded, or is too long for the clients
// of the format, is missing. Add reports whether the message was encoded.
func (b *Batch) Add(m wamp.Message, scratch *Scratch) (encoded bool, err error) {
	message, err := b.Format.Encoding.Append(scratch.Bytes(), m)
	if err != nil {
		b.Missing++
		return false, err
	}
	scratch.Keep(message)
	framed, fits := b.Format.Frame(b.Bytes, message)
	b.Bytes = framed
	if fits {
		b.Frames++
	} else {
		b.Missing++
	}
	return true, nil
}

// Conversions holds a payload in each serialization that was needed.
type Conversions [wamp.Serializations]*conversion

type conversion struct {
	payload wamp.Payload
	err     error
}

// In returns the payload in a serialization. It converts the payload once for each serialization, and reports whether
// it did so now.
func (c *Conversions) In(s wamp.Serialization, p *wamp.Payload) (converted wamp.Payload, now bool, err error) {
	if c[s] == nil {
		now = true
		payload, err := p.In(s)
		c[s] = &conversion{payload, err}
	}
	return c[s].payload, now, c[s].err
}
