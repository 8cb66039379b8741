package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

const realm = "conformance"

const contracts = `
listen: 127.0.0.1:0
realm: conformance
auth:
  tickets: {secret: "a secret of at least thirty-two bytes"}
api_keys:
  - {name: tests, key: "a key of at least thirty-two characters", may: ["*"]}
topics:
  shared.{a}: {subscribe: "true", publish: "true"}
  shared.{a}.{b}: {subscribe: "true", publish: "true", retain: asked}
  readonly.{a}: {subscribe: "true", publish: backend}
procedures:
  echo.{client}.{serialization}: {call: "true", register: "true"}
  echo.{client}.{serialization}.{transport}: {call: "true", register: "true"}
`

// startServer runs the whole server until the test ends.
func startServer(t *testing.T, configuration string) *server.Server {
	t.Helper()
	c, err := config.Parse("conformance.yaml", []byte(configuration), config.Options{Sections: server.Sections()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(c, server.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("server: %v", err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-stopped:
		stopped <- err
		t.Fatalf("server did not start: %v", err)
	}
	return s
}

// issueTicket asks the server for a ticket, as a backend does.
func issueTicket(ctx context.Context, address, user string) (string, error) {
	body := fmt.Sprintf(`{"user": %q, "roles": ["staff"]}`, user)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/api/v1/tickets", bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer a key of at least thirty-two characters")
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("ticket: %s: %s", response.Status, answer)
	}
	var issued struct{ Ticket string }
	return issued.Ticket, errors.Join(json.Unmarshal(answer, &issued))
}
