package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/test/load/wire"
)

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

const update = "id: urn:uuid:1\ndata: {\"a\": \"0\\r\\n\\r\\n\"}\n\n"

func TestTheMeterForMercureCountsEventsHoweverTheyAreCut(t *testing.T) {
	stream := chunk(":\n") + chunk(update) + chunk(update+update) + chunk(":\n") +
		chunk("id: 4\ndata: a\ndata: b\n") + chunk("\n") + chunk(strings.Repeat(":\n\n", 100)) + chunk(update)
	countsHoweverCut(t, wire.Mercure{}, stream, 5)
}

func TestTheMeterForMercureCountsNothingInResponses(t *testing.T) {
	stream := strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\nurn:uuid:00000000-0000-0000-0000-000000000000", 3)
	countsHoweverCut(t, wire.Mercure{}, stream, 0)
}

func TestTheMeterForMercureReportsTheEndOfTheStream(t *testing.T) {
	if _, err := (wire.Mercure{}).Meter().Count([]byte(chunk(update) + "0\r\n\r\n")); err == nil {
		t.Error("the stream ended without an error")
	}
}

func TestAScriptForMercureReportsARefusal(t *testing.T) {
	const refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\n\r\nUnauthorized\n"
	for _, role := range []wire.Role{wire.Subscriber, wire.Publisher} {
		steps := wire.Mercure{}.Script(wire.Client{Role: role, Topics: []string{"com.example.news"}})
		if _, err := steps[0].Answered([]byte(refusal)); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("role %d: got the error %v, want one that quotes the hub", role, err)
		}
	}
}
