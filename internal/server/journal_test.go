package server_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

const keptNotes = `
topics:
  note: {subscribe: "true", publish: backend, keep: 100}
`

// notes publishes to a kept topic, and knows what was acknowledged.
type notes struct {
	next         int
	acknowledged []int
}

// publish publishes the next note. The answer has the status, unless it is 0.
func (n *notes) publish(r *running, status int) {
	r.t.Helper()
	n.next++
	answer := r.api(allKey, "POST", "publish", map[string]any{"topic": "note", "args": []any{n.next}, "idempotency_key": fmt.Sprint(n.next)})
	if answer.status == 200 {
		n.acknowledged = append(n.acknowledged, n.next)
	} else if answer.status != 503 || !strings.Contains(string(answer.body), "could not be kept") {
		r.t.Errorf("note %d is answered with %d: %s", n.next, answer.status, answer.body)
	}
	if status != 0 && answer.status != status {
		r.t.Fatalf("note %d is answered with %d, want %d: %s", n.next, answer.status, status, answer.body)
	}
}

// expect fails unless the acknowledged notes are kept, and no other.
func (n *notes) expect(r *running) {
	r.t.Helper()
	ticket, err := r.ticket("reader")(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	reader, err := r.dial("wamp.2.json", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, say := range []string{
		`[1,"app",{"roles":{"subscriber":{}},"authmethods":["ticket"],"authid":"reader"}]`,
		fmt.Sprintf(`[5,%q,{}]`, ticket),
		`[32,1,{"_last":100},"note"]`,
	} {
		reader.send(ws.OpText, []byte(say))
		if got := reader.receive(); strings.HasPrefix(got, "[3,") || strings.HasPrefix(got, "[8,") {
			r.t.Fatalf("to %s: %s", say, got)
		}
	}
	defer reader.conn.Close()
	var got []int
	for live := len(n.acknowledged) == 0; !live; {
		var event []json.RawMessage
		var details struct {
			Live bool `json:"_live"`
		}
		var args []int
		text := []byte(reader.receive())
		if err := json.Unmarshal(text, &event); err != nil || len(event) < 5 {
			r.t.Fatalf("%s: %v", text, err)
		}
		if err := json.Unmarshal(event[3], &details); err != nil {
			r.t.Fatal(err)
		}
		if err := json.Unmarshal(event[4], &args); err != nil {
			r.t.Fatal(err)
		}
		got, live = append(got, args...), details.Live
	}
	if !slices.Equal(got, n.acknowledged) {
		r.t.Errorf("kept are %v, acknowledged were %v", got, n.acknowledged)
	}
}

func TestKeptPublicationsOutliveARestart(t *testing.T) {
	for _, sync := range []string{"always", "1s"} {
		t.Run(sync, func(t *testing.T) {
			config := basic + keptNotes + "journal: {sync: " + sync + "}\ndata: " + t.TempDir() + "\n"
			var n notes
			for range 3 {
				r := start(t, config)
				n.expect(r)
				for range 5 {
					n.publish(r, 200)
				}
				var answer struct{ Repeated bool }
				r.api(allKey, "POST", "publish", map[string]any{"topic": "note", "args": []any{0}, "idempotency_key": "1"}).as(200, &answer)
				if !answer.Repeated {
					t.Error("a retry is published again")
				}
				n.expect(r)
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestADamagedJournalIsSaidAndReadAsFarAsItGoes(t *testing.T) {
	data := t.TempDir()
	config := basic + keptNotes + "data: " + data + "\n"
	r := start(t, config)
	var n notes
	n.publish(r, 200)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, "engine", "journal.checkpoint")); err != nil {
		t.Fatal(err)
	}
	r = start(t, config)
	n.expect(r)
	if said := strings.Count(r.log.String(), "publications that were kept are lost"); said != 1 {
		t.Errorf("%d lines say that the end may be lost", said)
	}
	r.join(client.Config{Auth: client.Ticket(r.ticket("ann"))})
}

func TestAJournalThatIsSmallBesideTheMemoryIsSaid(t *testing.T) {
	for yaml, want := range map[string]int{
		"data: x\nlimits: {kept_bytes: 1GiB}\n":                         1,
		"data: x\nlimits: {kept_bytes: 1GiB}\njournal: {bytes: 4GiB}\n": 0,
		"limits: {kept_bytes: 1GiB}\n":                                  0,
	} {
		c, err := parse(basic + yaml)
		if err != nil {
			t.Fatal(err)
		}
		warnings := slices.DeleteFunc(server.Warnings(c), func(w config.Problem) bool { return !strings.Contains(w.Message, "journal.bytes") })
		if len(warnings) != want || want > 0 && !strings.Contains(warnings[0].Message, "journal.bytes (1GiB)") {
			t.Errorf("%s: %v", yaml, warnings)
		}
	}
}
