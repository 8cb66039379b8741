//go:build linux

package oro_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd is many pages without browsers, each with a user of its own. They come back as Oro's pages do.
type crowd struct {
	w      *world
	scale  float64 // of the schedule "minutes"; that of "steps" is in real time
	makers chan struct{}

	mu      sync.Mutex // guards what follows
	open    int
	away    int // heard a close frame
	events  int // since they were reset
	losses  []time.Time
	joined  []time.Time // returns
	tried   []time.Time // all tries to return
	failed  []time.Time // tries that did not succeed, when they began
	refused map[string]int
	longest map[string]time.Duration // from a loss to the return, by schedule
	closing bool
	running sync.WaitGroup
}

// The schedules of Oro's pages.
const (
	minutes = "minutes"
	steps   = "steps"
)

// firstID is the id of the first page's user.
const firstID = 1000

// waits returns how long a page waits before its next try.
func (c *crowd) waits(schedule string, lost time.Time, tries int) time.Duration {
	if schedule == steps && time.Since(lost) < 15*time.Second {
		return 2 * time.Second
	}
	return time.Duration(float64(tries+1) * c.scale * float64(time.Minute))
}

// enter opens pages until there are so many, half of them with each schedule, and waits until they are subscribed.
func (c *crowd) enter(t *testing.T, pages int) {
	t.Helper()
	c.mu.Lock()
	from := c.open
	c.mu.Unlock()
	for n := from; n < pages; n++ {
		name, schedule := "page"+strconv.Itoa(n), minutes
		if n%2 == 1 {
			schedule = steps
		}
		c.w.change(func() {
			c.w.users[name] = user{ID: int64(firstID + n), Username: name, Password: "hash of " + name, Enabled: true, Organizations: []int64{1}, Roles: []string{"ROLE_USER"}}
		})
		c.running.Go(func() { c.live(name, schedule) })
	}
	c.await(t, "all pages are there", func() bool { return c.open == pages })
}

func (c *crowd) await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c.mu.Lock()
		done := reached()
		c.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			c.mu.Lock()
			defer c.mu.Unlock()
			t.Fatalf("not within five minutes: %s: %d open, %d away, refused: %v", what, c.open, c.away, c.refused)
		}
	}
}

// live is the life of one page.
func (c *crowd) live(name, schedule string) {
	var lost time.Time
	for tries := 0; ; {
		ended := c.visit(name, schedule, lost)
		if ended == nil {
			return
		}
		if ended.opened {
			lost, tries = time.Now(), 0
		}
		c.mu.Lock()
		if c.closing {
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		wait := c.waits(schedule, lost, tries)
		if wait > 2*time.Second {
			tries++
		}
		time.Sleep(wait)
	}
}

// ending says how a try of a page ended.
type ending struct{ opened bool }

// visit connects with a new ticket, and reads until the connection ends. It returns nil if the page stays away.
func (c *crowd) visit(name, schedule string, lost time.Time) *ending {
	c.w.mu.Lock()
	u := c.w.users[name]
	c.w.mu.Unlock()
	c.makers <- struct{}{} // the application makes as many tickets at once as it has cores
	ticket := ticketOf(u.Username, u.Password, time.Now())
	<-c.makers
	began := time.Now()
	page, err := c.connect(ticket)
	c.mu.Lock()
	if !lost.IsZero() {
		c.tried = append(c.tried, began)
	}
	if err != nil {
		c.refused[reasonOf(err)]++
		c.failed = append(c.failed, began)
		c.mu.Unlock()
		return &ending{}
	}
	c.open++
	if !lost.IsZero() {
		c.joined = append(c.joined, time.Now())
		c.longest[schedule] = max(c.longest[schedule], time.Since(lost))
	}
	c.mu.Unlock()
	err = c.read(page)
	page.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	c.losses = append(c.losses, time.Now())
	if errors.Is(err, errClosed) {
		c.away++
		return nil
	}
	return &ending{opened: true}
}

// reasonOf shortens an error of a try to what many have in common.
func reasonOf(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}

func (c *crowd) connect(ticket string) (*rawPage, error) {
	page, err := dialPage(c.w.address, ticket)
	if err != nil {
		return nil, err
	}
	for _, topic := range []string{"oro/data/update", "oro/maintenance"} {
		if err := page.send(fmt.Sprintf("[5,%q]", topic)); err != nil {
			page.Close()
			return nil, err
		}
	}
	if err := page.settle(); err != nil {
		page.Close()
		return nil, err
	}
	return page, nil
}

func (c *crowd) read(page *rawPage) error {
	for {
		got, err := page.receive()
		if err != nil {
			return err
		}
		if strings.HasPrefix(got, `[8,"oro/data/update"`) {
			c.mu.Lock()
			c.events++
			c.mu.Unlock()
		}
	}
}
