//go:build unix

package oro_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestBackendsAreServedUntilTheEndOfADrain stops a server that has pages. While it ends them one after another, a backend
// goes on publishing, and the backends of other requests connect: without an answer their pages would have no script.
func TestBackendsAreServedUntilTheEndOfADrain(t *testing.T) {
	t.Parallel()
	w := startWorld(t, "websocket: {drain: 4s}\n")
	const pages = 200
	var reading sync.WaitGroup
	ended := make(chan int, pages) // the last publication that a page got
	for n := range pages {
		name := fmt.Sprintf("page%d", n)
		w.change(func() {
			w.users[name] = user{ID: int64(1000 + n), Username: name, Password: name, Enabled: true, Organizations: []int64{1}, Roles: []string{"ROLE_USER"}}
		})
		p := w.listener(t, name, "oro/message_queue_heartbeat")
		reading.Go(func() {
			for last := -1; ; {
				got, err := p.receive()
				if err != nil {
					if errors.Is(err, errClosed) {
						t.Error("a page heard a close frame")
					}
					ended <- last
					return
				}
				if _, err := fmt.Sscanf(got, `[8,"oro/message_queue_heartbeat",%d]`, &last); err != nil {
					t.Errorf("a page got %s", got)
				}
			}
		})
	}
	b, others := w.backend(t), w.startBackend(t)
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	left, published, connected, latest := pages, 0, 0, -1
	for left > 0 {
		b.publish("oro/message_queue_heartbeat", fmt.Sprint(published))
		published++
		said := others.do("connect", options{"version": "4.2"})
		switch {
		case said.Error == "":
			connected++
			others.must("drop", nil)
		case strings.HasPrefix(said.Error, "connect:"): // the server has ended
		default:
			t.Errorf("while %d pages are left a backend gets: %s %s", left, said.Error, said.Status)
		}
		for more := true; more; {
			select {
			case last := <-ended:
				left--
				latest = max(latest, last)
			default:
				more = false
			}
		}
	}
	reading.Wait()
	<-w.ended
	if w.err != nil {
		t.Errorf("the server ended: %v", w.err)
	}
	if published < 20 || connected < 20 || latest < published/2 {
		t.Errorf("during the drain %d publications were made, of which pages got those up to %d, and %d backends connected", published, latest, connected)
	}
}
