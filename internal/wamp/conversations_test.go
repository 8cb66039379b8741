package wamp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A golden conversation has these lines; what happens stands indented under each. Everything else
// is a comment.
//
//	session <subprotocol>  begins a conversation
//	client <frame>         the client sends a frame
//	router <message>       the router answers with a message, written as in wamp.2.json
func TestGoldenConversationsGoAsTheFilesSay(t *testing.T) {
	golden(t, "conversations/*.golden", func(t *testing.T, text string) string {
		var out strings.Builder
		var c conversation
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "   ") {
				continue
			}
			out.WriteString(line)
			verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			for _, event := range c.step(t, verb, rest) {
				fmt.Fprintf(&out, "   %s\n", event)
			}
		}
		return out.String()
	})
}

type conversation struct {
	session *wamp.Conversation
	phase   wamp.Phase
}

func (c *conversation) step(t *testing.T, verb, rest string) []string {
	t.Helper()
	var events []string
	switch verb {
	case "session":
		encoding, ok := wamp.EncodingFor(rest)
		if !ok {
			t.Fatalf("unknown subprotocol %q", rest)
		}
		c.session, c.phase = wamp.NewConversation(encoding), wamp.PhaseOpening
		if hello := c.session.Open(); hello != nil {
			events = append(events, asJSON(t, hello))
		}
	case "client":
		m, err := c.session.Receive(fromText(t, c.session.Encoding(), rest))
		events = append(events, received(t, m, err))
	case "router":
		events = append(events, c.send(t, rest))
	default:
		return nil
	}
	if now := c.session.Phase(); now != c.phase {
		c.phase = now
		events = append(events, "now "+now.String())
	}
	return events
}

func received(t *testing.T, m wamp.Message, err error) string {
	t.Helper()
	switch {
	case err != nil:
		return failure(err)
	case m == nil:
		return "nothing to do"
	default:
		return asJSON(t, m)
	}
}

func (c *conversation) send(t *testing.T, text string) string {
	t.Helper()
	m, err := wamp.V2JSON.Decode([]byte(text))
	if err != nil {
		t.Fatalf("router %s: %v", text, err)
	}
	if event, ok := m.(*wamp.Event); ok {
		topic, _ := event.Details.String("topic")
		event.Topic = wamp.URI(topic)
	}
	frame, err := c.session.Append(nil, m)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case len(frame) == 0:
		return "sends nothing"
	default:
		return "sends " + toText(c.session.Encoding(), frame)
	}
}

func asJSON(t *testing.T, m wamp.Message) string {
	t.Helper()
	frame, err := wamp.V2JSON.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return m.Code().String() + " " + string(frame)
}
