package wamp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A golden conversation has the lines below. The results of a line are indented under it. All other lines are
// comments.
//
//	session <subprotocol>  begins a conversation
//	client <frame>         the client sends a frame
//	router <message>       the router answers with a message, written as in wamp.2.json
func TestGoldenConversationsMatchTheirFiles(t *testing.T) {
	golden(t, "conversations/*.golden", func(t *testing.T, text string) string {
		var out strings.Builder
		var c player
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

// A player replays the lines of one golden conversation.
type player struct {
	conversation *wamp.Conversation
	phase        wamp.Phase
}

func (c *player) step(t *testing.T, verb, rest string) []string {
	t.Helper()
	var events []string
	switch verb {
	case "session":
		encoding, ok := wamp.EncodingFor(rest)
		if !ok {
			t.Fatalf("unknown subprotocol %q", rest)
		}
		c.conversation, c.phase = wamp.NewConversation(encoding), wamp.PhaseOpening
		if hello := c.conversation.Open(); hello != nil {
			events = append(events, asJSON(t, hello))
		}
	case "client":
		m, err := c.conversation.Receive(fromText(t, c.conversation.Encoding(), rest))
		events = append(events, received(t, m, err))
	case "router":
		events = append(events, c.send(t, rest))
	default:
		return nil
	}
	if now := c.conversation.Phase(); now != c.phase {
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

func (c *player) send(t *testing.T, text string) string {
	t.Helper()
	m, err := wamp.V2JSON.Decode([]byte(text))
	if err != nil {
		t.Fatalf("router %s: %v", text, err)
	}
	if event, ok := m.(*wamp.Event); ok {
		topic, _ := event.Details.String("topic")
		event.Topic = wamp.URI(topic)
	}
	frame, err := c.conversation.Append(nil, m)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case len(frame) == 0:
		return "sends nothing"
	default:
		return "sends " + toText(c.conversation.Encoding(), frame)
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
