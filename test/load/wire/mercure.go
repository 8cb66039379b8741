package wire

import (
	"bytes"
	"fmt"
	"net/url"
	"sync"
	"time"
)

const mercurePath = "/.well-known/mercure"

// Mercure is the protocol of mercure.rocks: subscribers receive Server-Sent Events over HTTP/1.1, and publishers post
// a form for each publication. Topics match exactly.
//
// The hub sends a comment after 40 seconds without an event, which is not answered, and ends the
// stream after some ten minutes.
type Mercure struct{}

// Script implements Dialect. A publisher makes one publication to a topic without subscribers, so that a refusal
// shows at once.
func (m Mercure) Script(c Client) []Step {
	if c.Role != Subscriber {
		return []Step{{Send: m.AppendPublish(nil, "ready", []byte(`""`)), Answered: response}}
	}
	topics := url.Values{"topic": c.Topics}
	get := fmt.Appendf(nil, "GET %s?%s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n",
		mercurePath, topics.Encode(), c.Address, mercureToken(fmt.Sprintf("user%d", c.Number), "subscribe"))
	return []Step{{Send: get, Answered: subscribedStream}}
}

// mercureLifetime is longer than any run: a hub closes streams when their token expires.
const mercureLifetime = time.Hour

// mercureToken permits no private topics; it only identifies the client. Publishers may publish to every topic.
func mercureToken(user, claim string) string {
	now := time.Now()
	permits := map[string][]string{claim: {}}
	if claim == "publish" {
		permits[claim] = []string{"*"}
	}
	return sign(Secret, map[string]any{
		"sub": user, "iat": now.Unix(), "exp": now.Add(mercureLifetime).Unix(), "mercure": permits,
	})
}

// publisherToken is the same for all publishers, which send it with each publication.
var publisherToken = sync.OnceValue(func() string { return mercureToken("publisher", "publish") })

// AppendPublish implements Dialect. Requests may follow each other without waiting for responses.
func (Mercure) AppendPublish(dst []byte, topic string, payload []byte) []byte {
	form := "topic=" + url.QueryEscape(topic) + "&data=" + url.QueryEscape(string(payload))
	return fmt.Appendf(dst, "POST %s HTTP/1.1\r\nHost: mercure\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", mercurePath, publisherToken(), len(form), form)
}

// Meter implements Dialect.
func (Mercure) Meter() Meter { return &stream{} }

// subscribedStream consumes the header of a response and leaves its body to the Meter.
func subscribedStream(p []byte) (int, error) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	switch {
	case end < 0:
		return 0, nil
	case !bytes.HasPrefix(p, []byte("HTTP/1.1 200 ")):
		return 0, fmt.Errorf("the hub answered %q", p[:min(len(p), quoted)])
	case !bytes.Contains(p[:end+2], []byte("\r\nTransfer-Encoding: chunked\r\n")):
		return 0, fmt.Errorf("the response is not in chunks: %q", p[:min(end, quoted)])
	}
	return end + 4, nil
}

var _ Dialect = Mercure{}
