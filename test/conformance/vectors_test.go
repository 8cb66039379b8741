package conformance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vectors returns the files of the specification's test vectors, which are not part of this repository.
func vectors(t *testing.T, pattern string) []string {
	t.Helper()
	root := os.Getenv("TIDINGS_WAMP_VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "wamp-vectors")
	}
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	if err != nil || len(files) == 0 {
		t.Skipf("no vectors of the WAMP specification in %s: set TIDINGS_WAMP_VECTORS to the testsuite folder of wamp-proto", root)
	}
	return files
}

func readVector(t *testing.T, file string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(readFile(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// sentByClients lists the messages that a client may send right after WELCOME.
var sentByClients = map[float64]bool{16: true, 32: true, 34: true, 48: true, 49: true, 64: true, 66: true}

func TestTheServerValidatesMessagesAsTheVectorsSay(t *testing.T) {
	s := startServer(t, permissive)
	tried := 0
	for _, file := range vectors(t, "singlemessage/*/*.json") {
		var v struct {
			Samples []struct {
				Description string
				Wmsg        []any
				WantErr     *struct{ Type, Contains string } `json:"expected_error"`
			}
		}
		readVector(t, file, &v)
		for _, sample := range v.Samples {
			if len(sample.Wmsg) == 0 {
				continue
			}
			if code, _ := sample.Wmsg[0].(float64); !sentByClients[code] {
				continue // only routers send it; the tests of package wamp decode it
			}
			tried++
			name := strings.TrimSuffix(filepath.Base(file), ".json") + "/" + sample.Description
			t.Run(name, func(t *testing.T) {
				r := join(t, s, passingThrough)
				frame, err := json.Marshal(sample.Wmsg)
				if err != nil {
					t.Fatal(err)
				}
				r.send("%s", frame)
				if sample.WantErr != nil {
					if message := r.violated(); !strings.Contains(message, sample.WantErr.Contains) {
						t.Errorf("%s: %q does not name %s", frame, message, sample.WantErr.Contains)
					}
					return
				}
				r.accepted(string(frame))
			})
		}
	}
	if tried == 0 {
		t.Error("no sample was for a router")
	}
}

// passingThrough announces the features that the vectors use.
const passingThrough = `{"roles":{"publisher":{"features":{"payload_passthru_mode":true}},"subscriber":{},"caller":{},"callee":{}}}`

// accepted fails the test if a message has ended the session: a later request must be answered.
func (r *raw) accepted(frame string) {
	r.t.Helper()
	const barrier = 1 << 52
	r.send(`[34,%d,%d]`, barrier, barrier)
	for message := r.receive(); message != nil; message = r.receive() {
		if message[0] == 3.0 {
			r.t.Fatalf("%s: refused: %v", frame, message)
		}
		if len(message) > 2 && message[0] == 8.0 && id(message[2]) == barrier {
			return
		}
	}
	r.t.Fatalf("%s: ended the connection", frame)
}

func TestTheServerAnswersAsTheSequencesOfTheVectorsSay(t *testing.T) {
	for _, file := range vectors(t, "multisession/*/*.json") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			var v sequence
			readVector(t, file, &v)
			v.play(t)
		})
	}
}

// sequence is a conversation of several sessions with a router.
type sequence struct {
	Sessions []struct {
		ID    string `json:"session_id"`
		Roles []string
		Realm string
	}
	Sequence []struct {
		Description, From, To string
		Message               map[string]any
	}
	Outcome struct {
		Events     int      `json:"event_count"`
		Recipients []string `json:"event_recipients"`
	} `json:"expected_outcome"`
}

func (v *sequence) play(t *testing.T) {
	realms := map[string]bool{}
	for _, session := range v.Sessions {
		realms[session.Realm] = true
	}
	if len(realms) != 1 {
		t.Skipf("the sessions are of %d realms, and a server has one", len(realms))
	}
	s := startServer(t, strings.Replace(permissive, "realm: "+realm, "realm: "+v.Sessions[0].Realm, 1))
	sessions := map[string]*raw{}
	for _, session := range v.Sessions {
		roles := map[string]any{}
		for _, role := range session.Roles {
			roles[role] = map[string]any{}
		}
		r := dial(t, s, "wamp.2.json")
		r.send(`[1,%q,%s]`, session.Realm, marshal(t, map[string]any{"roles": roles}))
		r.expect(`[2,"*","*"]`)
		sessions[session.ID] = r
	}
	bound := ids{}
	events := map[string]int{}
	for _, step := range v.Sequence {
		t.Log(step.Description)
		if step.To == "router" {
			sessions[step.From].send("%s", marshal(t, bound.message(t, step.Message)))
			continue
		}
		got := sessions[step.To].receive()
		if step.Message["type"] == "EVENT" {
			events[step.To]++
		}
		bound.match(t, step.Message, got)
	}
	total := 0
	for name, r := range sessions {
		r.quiet()
		total += events[name]
	}
	if v.Outcome.Events != total {
		t.Errorf("there were %d events, not %d", total, v.Outcome.Events)
	}
	for _, name := range v.Outcome.Recipients {
		if events[name] == 0 {
			t.Errorf("%s got no event", name)
		}
	}
}

// layouts has the elements of messages, by the names that the sequences use.
var layouts = map[any]struct {
	code     int
	elements string
}{
	"SUBSCRIBE":    {32, "request_id options topic"},
	"SUBSCRIBED":   {33, "request_id subscription_id"},
	"UNSUBSCRIBE":  {34, "request_id subscription_id"},
	"UNSUBSCRIBED": {35, "request_id"},
	"PUBLISH":      {16, "request_id options topic args kwargs"},
	"PUBLISHED":    {17, "request_id publication_id"},
	"EVENT":        {36, "subscription_id publication_id details args kwargs"},
	"REGISTER":     {64, "request_id options procedure"},
	"REGISTERED":   {65, "request_id registration_id"},
	"CALL":         {48, "request_id options procedure args kwargs"},
	"INVOCATION":   {68, "request_id registration_id details args kwargs"},
	"YIELD":        {70, "request_id options args kwargs"},
	"RESULT":       {50, "request_id details args kwargs"},
	"ERROR":        {8, "request_type request_id details error args kwargs"},
}

// ids maps the ids of a sequence to those of the router.
type ids map[string]any

// message returns a message of a sequence, with the ids of the router.
func (b ids) message(t *testing.T, fields map[string]any) []any {
	t.Helper()
	layout, ok := layouts[fields["type"]]
	if !ok {
		t.Fatalf("the test does not know %v", fields["type"])
	}
	message := []any{layout.code}
	for name := range strings.FieldsSeq(layout.elements) {
		value, given := fields[name]
		if !given {
			break
		}
		if real, ok := b[key(name, value)]; ok {
			value = real
		}
		message = append(message, value)
	}
	return message
}

// match fails the test unless a message is that of a sequence. It remembers new ids of the router. Dicts may have more
// members.
func (b ids) match(t *testing.T, fields map[string]any, got []any) {
	t.Helper()
	for i, value := range b.message(t, fields) {
		if i >= len(got) {
			t.Fatalf("%v is shorter than %v", got, fields)
		}
		if i == 0 {
			if got[0] != float64(value.(int)) { //nolint:forcetypeassert // message made it
				t.Fatalf("got %v, want %v", got, fields)
			}
			continue
		}
		name := strings.Fields(layouts[fields["type"]].elements)[i-1]
		dict, isDict := value.(map[string]any)
		switch {
		case isDict:
			for k, v := range dict {
				gotDict, _ := got[i].(map[string]any) // a nil map has no members
				if diff := cmp.Diff(v, gotDict[k]); diff != "" {
					t.Errorf("%s.%s: -want +got\n%s", name, k, diff)
				}
			}
		case strings.HasSuffix(name, "_id") && name != "request_id" && b[key(name, fields[name])] == nil:
			b[key(name, fields[name])] = got[i]
		default:
			if diff := cmp.Diff(value, got[i]); diff != "" {
				t.Errorf("%s: -want +got\n%s", name, diff)
			}
		}
	}
}

func key(name string, value any) string { return fmt.Sprint(name, " ", value) }

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
