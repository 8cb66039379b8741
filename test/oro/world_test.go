//go:build unix

package oro_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// world is an application with its server.
type world struct {
	*application
	*server
}

// startWorld starts an application and its server, which asks the application for users. More is added to the server's
// configuration. Its topics are those that it has of itself.
func startWorld(t *testing.T, more string) *world {
	t.Helper()
	return startWorldWith(t, func(a *application) string { return fmt.Sprintf("webhook: %q", a.URL+"/users") }, more)
}

// startWorldWith starts an application and its server, which finds users as the configuration says.
func startWorldWith(t *testing.T, users func(*application) string, more string) *world {
	t.Helper()
	a := startApplication(t)
	configuration := fmt.Sprintf("oro:\n  secret: %q\n  application_url: %q\n  users: {%s}\n", secret, a.URL, users(a))
	return &world{a, serve(t, configuration+more)}
}

// backend starts a backend that is connected.
func (w *world) backend(t *testing.T) *backend {
	t.Helper()
	b := startBackend(t, w.address)
	b.must("connect", nil)
	return b
}

// metric returns the sum of the samples of a metric with a text in their labels.
func (s *server) metric(t *testing.T, name, label string) (sum float64) {
	t.Helper()
	answer, err := http.Get("http://" + s.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if of, labels, _ := strings.Cut(series, "{"); of != name || !strings.Contains(labels, label) {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return sum
}

// ID returns a user's id.
func (w *world) id(name string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.users[name].ID
}

// timely fails if a connection took longer than clients wait.
func timely(t *testing.T, seconds float64) {
	t.Helper()
	if took := time.Duration(seconds * float64(time.Second)); took > time.Second {
		t.Errorf("a connection took %v", took)
	}
}

// makeTicket makes a ticket of a user. Caller must hold mu.
func (a *application) makeTicket(u user) string {
	if a.ticket != nil {
		return a.ticket(u)
	}
	return ticketOf(u.Username, u.Password, time.Now())
}

// startBackend starts a backend that is not connected.
func (w *world) startBackend(t *testing.T) *backend {
	t.Helper()
	return startBackend(t, w.address)
}
