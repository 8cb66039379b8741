package main

import (
	"bytes"
	"crypto/sha1" // RFC 6455 requires it, and nothing depends on its strength
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// maxRequest limits the length of an upgrade request.
const maxRequest = 4 << 10

// received handles the bytes that a connection has received.
func (f *floor) received(c *conn, p []byte) error {
	switch c.state {
	case subscriber:
		return nil // pongs and close frames: the end of the connection says enough
	case publisher:
		return f.publications(c, p)
	case opening:
	}
	c.in = append(c.in, p...)
	end := bytes.Index(c.in, []byte("\r\n\r\n"))
	if end < 0 && len(c.in) < maxRequest {
		return nil
	}
	if end < 0 {
		return f.close(c)
	}
	request, rest := string(c.in[:end]), c.in[end+4:]
	c.in = nil
	if err := f.upgrade(c, request); err != nil || c.state != publisher {
		return err
	}
	return f.publications(c, rest)
}

func (f *floor) upgrade(c *conn, request string) error {
	switch path, _, _ := strings.Cut(strings.TrimPrefix(request, "GET "), " "); {
	case path == "/publish":
		c.state = publisher
	case strings.HasPrefix(path, "/subscribe?topic="):
		number, err := strconv.ParseUint(strings.TrimPrefix(path, "/subscribe?topic="), 10, 32)
		if err != nil {
			return f.close(c)
		}
		f.subscribe(c, uint32(number))
	default:
		return f.close(c)
	}
	return f.write(c, fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", acceptKey(request)))
}

func (f *floor) subscribe(c *conn, number uint32) {
	t := f.topics[number]
	if t == nil {
		t = new(topic)
		f.topics[number] = t
	}
	c.state, c.topic, c.place = subscriber, t, len(t.subscribers)
	t.subscribers = append(t.subscribers, c)
}

func acceptKey(request string) string {
	_, key, _ := strings.Cut(request, "\r\nSec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// publications reads the frames of a publisher: the number of a topic, and the payload. The masks are zeros.
func (f *floor) publications(c *conn, p []byte) error {
	if len(c.in) > 0 {
		c.in = append(c.in, p...)
		p = c.in
	}
	for {
		body, size := frame(p)
		if size == 0 {
			break
		}
		p = p[size:]
		if len(body) < 4 {
			continue // a pong
		}
		if err := f.publish(binary.BigEndian.Uint32(body), body[4:]); err != nil {
			return err
		}
	}
	c.in = append(c.in[:0], p...)
	return f.sendAll()
}

// frame returns the first frame of p, with size 0 if it is not complete.
func frame(p []byte) (body []byte, size int) {
	if len(p) < 2 {
		return nil, 0
	}
	size = 2 + int(p[1]&0x7F)
	head := 2
	if p[1]&0x7F == 126 {
		if len(p) < 4 {
			return nil, 0
		}
		head, size = 4, 4+int(binary.BigEndian.Uint16(p[2:]))
	}
	size += 4 // the mask
	if len(p) < size {
		return nil, 0
	}
	return p[head+4 : size], size
}

// envelope surrounds the payload as in an EVENT of WAMP, with ids of the usual length.
const envelope = "[36,4503599627370496,4503599627370496,{},["

// appendEvent appends a text frame.
func appendEvent(dst, payload []byte) []byte {
	n := len(envelope) + len(payload) + len("]]")
	if n < 126 {
		dst = append(dst, 0x81, byte(n))
	} else {
		dst = binary.BigEndian.AppendUint16(append(dst, 0x81, 126), uint16(n))
	}
	dst = append(append(dst, envelope...), payload...)
	return append(dst, "]]"...)
}
