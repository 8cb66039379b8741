package wire

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// The bits and opcodes of RFC 6455 and RFC 7692 that this package uses.
const (
	finalBit      = 0x80
	compressedBit = 0x40
	opText        = 0x1
	opBinary      = 0x2
	opClose       = 0x8
	opPing        = 0x9
	opPong        = 0xA
	maskBit       = 0x80
)

// quoted limits the part of an unexpected answer that an error quotes.
const quoted = 200

// appendFrame appends a message in one frame, masked as clients must, with a mask of zeros.
func appendFrame(dst []byte, opcode byte, message []byte) []byte {
	dst = append(dst, finalBit|opcode)
	switch n := len(message); {
	case n < 126:
		dst = append(dst, maskBit|byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, maskBit|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, maskBit|127), uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), message...)
}

// header is the header of an unmasked frame.
type header struct {
	first  byte // bits and opcode
	size   int  // of the header
	length int  // of the payload
}

// parseHeader returns a header of size 0 if p does not contain all of it.
func parseHeader(p []byte) header {
	if len(p) < 2 {
		return header{}
	}
	switch n := p[1]; {
	case n < 126:
		return header{p[0], 2, int(n)}
	case n == 126 && len(p) >= 4:
		return header{p[0], 4, int(binary.BigEndian.Uint16(p[2:]))}
	case n == 127 && len(p) >= 10:
		return header{p[0], 10, int(binary.BigEndian.Uint64(p[2:]) & math.MaxInt32)}
	}
	return header{}
}

// upgrade returns the step from HTTP to WebSocket. The extension may be empty.
func upgrade(c Client, path, protocol, extension string) Step {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", path, c.Address)
	if protocol != "" {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", protocol)
	}
	if extension != "" {
		fmt.Fprintf(&b, "Sec-WebSocket-Extensions: %s\r\n", extension)
	}
	b.WriteString("\r\n")
	return Step{Send: b.Bytes(), Answered: func(p []byte) (int, error) { return upgraded(p, extension) }}
}

func upgraded(p []byte, extension string) (int, error) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	switch {
	case end < 0:
		return 0, nil
	case !bytes.HasPrefix(p, []byte("HTTP/1.1 101 ")):
		return 0, fmt.Errorf("upgrade answered %q", p[:min(len(p), quoted)])
	case extension != "" && !bytes.Contains(p[:end], []byte(extension)):
		return 0, fmt.Errorf("upgrade did not agree to %s", extension)
	}
	return end + 4, nil
}

// message returns the first message in p and its length in bytes, 0 if it is not complete.
func message(p []byte) (text []byte, consumed int, err error) {
	h := parseHeader(p)
	if h.size == 0 || len(p) < h.size+h.length {
		return nil, 0, nil
	}
	text = p[h.size : h.size+h.length]
	if h.first&0xF == opClose {
		return nil, 0, closed(text)
	}
	if h.first&compressedBit != 0 {
		text, err = inflate(text)
	}
	return text, h.size + h.length, err
}

// inflate decompresses permessage-deflate without context takeover.
func inflate(text []byte) ([]byte, error) {
	// The sender leaves out the end of the last block (RFC 7692, 7.2.1); an empty final block follows.
	const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	plain, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(text), strings.NewReader(tail))))
	if err != nil {
		return nil, fmt.Errorf("decompress a message: %w", err)
	}
	return plain, nil
}

// closed returns the error for a close frame.
func closed(payload []byte) error {
	if len(payload) < 2 {
		return fmt.Errorf("the server closed the connection")
	}
	return fmt.Errorf("the server closed the connection: %d %q", binary.BigEndian.Uint16(payload), payload[2:])
}
