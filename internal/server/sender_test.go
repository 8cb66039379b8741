package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/client"
)

const stamped = basic + `
  - {name: erp, key: erp-0123456789abcdef, may: [publish, publish_as]}
topics:
  room: {subscribe: "true", publish: "true", sender: true, keep: 20}
  talk: {subscribe: "true", publish: "true", sender: true}
  plain: {subscribe: "true", publish: "true"}
`

const erpKey = "erp-0123456789abcdef"

// sender returns the stamp of the next event as JSON, or none.
func (in *inbox) sender() string {
	in.t.Helper()
	event := wait(in.t, in.events, "an event")
	stamp, ok := event.Details["_sender"]
	if !ok {
		return "none"
	}
	text, err := json.Marshal(stamp)
	if err != nil {
		in.t.Fatal(err)
	}
	if event.Sender == nil || !strings.Contains(string(text), fmt.Sprintf(`"id":%q`, event.Sender.ID)) {
		in.t.Errorf("the Go client reads %+v of %s", event.Sender, text)
	}
	return string(text)
}

const (
	annSent = `{"id":"ann","name":"The ann"}`
	erpSent = `{"backend":true,"id":"erp","name":"erp"}`
)

func TestEventsNameTheirSenderInEverySerialization(t *testing.T) {
	r := start(t, stamped)
	for _, serialization := range []client.Serialization{client.JSON, client.MessagePack, client.CBOR, client.UBJSON} {
		ann := r.join(client.Config{Auth: client.Ticket(r.ticket("ann")), Serialization: serialization})
		for _, topic := range []string{"room", "talk", "plain"} {
			inboxes := []*inbox{
				subscribe(t, r.user("ben", ""), topic),
				subscribe(t, r.join(client.Config{Auth: client.Ticket(r.ticket("eve")), Serialization: client.MessagePack}), topic),
				subscribe(t, r.join(client.Config{Auth: client.Ticket(r.ticket("eve")), Serialization: client.CBOR}), topic),
			}
			forged := client.Kwargs(map[string]any{"_sender": map[string]any{"id": "boss"}})
			for n := range 3 { // the second decision is cached, the third waits for no answer
				if _, err := ann.Publish(t.Context(), topic, forged, &client.PublishOptions{Unacknowledged: n == 2}); err != nil {
					t.Fatal(err)
				}
				want := annSent
				if topic == "plain" {
					want = "none"
				}
				for _, in := range inboxes {
					if got := in.sender(); got != want {
						t.Errorf("%v, %s, publication %d: the sender is %s, want %s", serialization, topic, n, got, want)
					}
				}
			}
		}
	}
}

func TestABackendIsTheSenderUnlessItMayNameAUser(t *testing.T) {
	r := start(t, stamped)
	in := subscribe(t, r.user("ben", ""), "talk")
	as := map[string]any{"id": "ann", "name": "The ann"}
	publish := func(key string, body map[string]any) answered { return r.api(key, "POST", "publish", body) }
	publish(erpKey, map[string]any{"topic": "talk"}).as(200, nil)
	publish(erpKey, map[string]any{"topic": "talk", "as": as}).as(200, nil)
	publish(erpKey, map[string]any{"topic": "talk", "as": map[string]any{"id": "zoe"}}).as(200, nil)
	r.api(erpKey, "POST", "publish/batch", map[string]any{"publications": []any{map[string]any{"topic": "talk", "as": as}}}).as(200, nil)
	over := r.join(client.Config{Auth: client.Key(erpKey), Serialization: client.CBOR})
	for _, options := range []*client.PublishOptions{{}, {As: &client.Sender{ID: "ann", Name: "The ann"}}, {}} {
		if _, err := over.Publish(t.Context(), "talk", client.Payload{}, options); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range []string{erpSent, annSent, `{"id":"zoe","name":"zoe"}`, annSent, erpSent, annSent, erpSent} {
		if got := in.sender(); got != want {
			t.Errorf("event %d is of %s, want %s", n, got, want)
		}
	}

	publish("publisher-0123456789abcdef", map[string]any{"topic": "talk", "as": as}).refused(403, `lacks the scope "publish_as"`)
	publish(erpKey, map[string]any{"topic": "plain", "as": as}).refused(422, "its contract needs sender: true")
	publish(erpKey, map[string]any{"topic": "talk", "as": map[string]any{"id": "x", "name": strings.Repeat("x", 257)}}).refused(422, "body.as.name must be a text of 1 to 256 bytes")
	ann := r.user("ann", "")
	if _, err := ann.Publish(t.Context(), "talk", client.Payload{}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := ann.Publish(t.Context(), "talk", client.Payload{}, &client.PublishOptions{As: &client.Sender{ID: "ben"}})
	refusedWith(t, err, "wamp.error.not_authorized", `only an API key with the scope "publish_as"`)
	if got := in.sender(); got != annSent {
		t.Errorf("the only event that was allowed is of %s", got)
	}
	in.none()
}

func TestKeptEventsAndHistoriesKeepTheirSender(t *testing.T) {
	yaml := stamped + "data: " + t.TempDir() + "\n"
	r := start(t, yaml)
	if _, err := r.user("ann", "").Publish(t.Context(), "room", client.Args("hello"), nil); err != nil {
		t.Fatal(err)
	}
	r.api(erpKey, "POST", "publish", map[string]any{"topic": "room", "args": []any{"bye"}}).as(200, nil)
	for range 2 { // the second server reads the store of the first
		reader := r.user("late", "")
		in := &inbox{t, make(chan *client.Event, 100)}
		if _, err := reader.Subscribe(t.Context(), "room", func(e *client.Event) { in.events <- e }, &client.SubscribeOptions{Retained: true}); err != nil {
			t.Fatal(err)
		}
		if got := in.sender(); got != erpSent {
			t.Errorf("the retained event is of %s, want %s", got, erpSent)
		}
		late := r.dialTicket("wamp.2.json", mustTicket(t, r, "late"))
		say := func(text string) string {
			late.send(ws.OpText, []byte(text))
			return late.receive()
		}
		say(hello)
		subscribed := strings.Split(say(`[32,1,{"_last":10},"room"]`), ",")
		for _, want := range []string{annSent, erpSent} {
			if got := late.receive(); !strings.Contains(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		kept := say(`[48,2,{},"wamp.subscription.get_events",[` + subscribed[2] + `]]`)
		if !strings.Contains(kept, annSent) || !strings.Contains(kept, erpSent) {
			t.Errorf("the history is %s", kept)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		r = start(t, yaml)
	}
}

func TestAVersion1PublisherIsStamped(t *testing.T) {
	r := start(t, stamped)
	in := subscribe(t, r.user("ben", ""), "talk")
	ann := r.dialTicket("wamp", mustTicket(t, r, "ann"))
	ann.receive() // WELCOME
	ann.send(ws.OpText, []byte(`[5,"talk"]`))
	ann.send(ws.OpText, []byte(`[7,"talk",{"text":"hello"}]`))
	if got := in.sender(); got != annSent {
		t.Errorf("the event is of %s, want %s", got, annSent)
	}
	if got := ann.receive(); got != `[8,"talk",{"text":"hello"}]` {
		t.Errorf("version 1 has no details, but the client got %s", got)
	}
}

func mustTicket(t *testing.T, r *running, user string) string {
	t.Helper()
	ticket, err := r.ticket(user)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}
