package wire

import (
	"bytes"
	"fmt"
	"strconv"
)

// HTTP is the HTTP API of Tidings for publications. It has no subscribers.
type HTTP struct{}

// Script implements Dialect: the first request may be a publication.
func (HTTP) Script(Client) []Step { return nil }

// AppendPublish implements Dialect.
func (HTTP) AppendPublish(dst []byte, topic string, value []byte) []byte {
	body := fmt.Appendf(nil, `{"topic": "%s", "args": [%s]}`, topic, value)
	return fmt.Appendf(dst, "POST /api/v1/publish HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", APIKey, len(body), body)
}

// Meter implements Dialect.
func (HTTP) Meter() Meter { return new(Responses) }

// Responses is a Meter whose events are responses over HTTP/1.1. Each response must be a success and have a
// Content-Length.
type Responses struct {
	cut []byte // a response that is not complete
}

// Count implements Meter.
func (r *Responses) Count(p []byte) (responses int, err error) {
	r.cut = append(r.cut, p...)
	for {
		size, err := response(r.cut)
		if size == 0 || err != nil {
			return responses, err
		}
		responses++
		r.cut = append(r.cut[:0], r.cut[size:]...)
	}
}

// response returns the size of the first response in p, or 0 if it is not complete.
func response(p []byte) (size int, err error) {
	head, _, complete := bytes.Cut(p, []byte("\r\n\r\n"))
	if !complete {
		return 0, nil
	}
	_, length, _ := bytes.Cut(head, []byte("\r\nContent-Length: "))
	length, _, _ = bytes.Cut(length, []byte("\r\n"))
	n, err := strconv.Atoi(string(length))
	if err != nil || !bytes.HasPrefix(p, []byte("HTTP/1.1 200 ")) {
		return 0, fmt.Errorf("the server answered %q", p[:min(len(p), quoted)])
	}
	if size = len(head) + 4 + n; len(p) < size {
		return 0, nil
	}
	return size, nil
}

var (
	_ Dialect = HTTP{}
	_ Meter   = (*Responses)(nil)
)
