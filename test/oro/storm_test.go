//go:build linux

package oro_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// usage is what the server has used.
type usage struct {
	cpu    time.Duration
	memory int64 // resident bytes
}

// used reads what the server has used, from /proc.
func (s *server) used(t *testing.T) usage {
	t.Helper()
	const ticks = 100 // a second; USER_HZ
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after) // from the third one on
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	pages, err3 := strconv.Atoi(fields[21])
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatalf("the kernel says %s", stat)
	}
	return usage{time.Duration(user+system) * time.Second / ticks, int64(pages) * int64(os.Getpagesize())}
}

// TestAStormOfPages has many pages, a data update to all of them, and a restart. ORO_PAGES is their number: make
// oro-storm has 5,000, with all times as they are and users in PostgreSQL. As a part of make test they are fewer, with
// shorter minutes.
func TestAStormOfPages(t *testing.T) {
	pages, scale := 300, 0.05
	if named := os.Getenv("ORO_PAGES"); named != "" {
		var err error
		if pages, err = strconv.Atoi(named); err != nil {
			t.Fatal(err)
		}
		scale = 1
	}
	var w *world
	if scale == 1 {
		database := startPostgres(t)
		database.exec(t, fmt.Sprintf("INSERT INTO oro_user SELECT %d + n, 'page' || n, 'page' || n || '@example.com', "+
			"'hash of page' || n, true FROM generate_series(0, %d) AS n", firstID, pages-1))
		w = startWorldWith(t, func(*application) string { return fmt.Sprintf("database: %q", database.urlOf("postgres", "")) }, "")
	} else {
		w = startWorld(t, "")
	}
	c := &crowd{
		w: w, scale: scale, makers: make(chan struct{}, runtime.NumCPU()),
		refused: map[string]int{}, longest: map[string]time.Duration{},
	}
	empty := w.used(t)
	for _, n := range slices.Compact([]int{min(pages, 1000), pages}) {
		c.enter(t, n)
		full := w.used(t)
		t.Logf("%d pages are connected: %.1f ms CPU and %.1f KiB each", n,
			float64((full.cpu-empty.cpu).Microseconds())/1000/float64(n), float64(full.memory-empty.memory)/1024/float64(n))
		c.fanOut(t, n)
		empty.cpu += w.used(t).cpu - full.cpu
	}
	if scale == 1 {
		c.rest(t, pages)
	}
	c.restart(t, pages)
	c.leave(t)
}

// rest reports what pages cost that only answer pings.
func (c *crowd) rest(t *testing.T, pages int) {
	t.Helper()
	before := c.w.used(t).cpu
	time.Sleep(time.Minute)
	used := c.w.used(t).cpu - before
	t.Logf("%d pages at rest: %.2f s CPU in a minute, %.1f µs for a page in a second", pages, used.Seconds(), float64(used.Microseconds())/60/float64(pages))
}

// fanOut publishes data updates to all pages, and reports what one event costs.
func (c *crowd) fanOut(t *testing.T, pages int) {
	t.Helper()
	const updates = 50
	c.mu.Lock()
	c.events = 0
	c.mu.Unlock()
	b := c.w.backend(t)
	before := c.w.used(t)
	for n := range updates {
		b.publish("oro/data/update", fmt.Sprintf(`[{"username":"admin","tagname":"Oro_Bundle_UserBundle_Entity_User_%d"}]`, n))
		c.await(t, "a data update reaches all pages", func() bool { return c.events == (n+1)*pages })
	}
	used := c.w.used(t).cpu - before.cpu
	t.Logf("%d data updates to %d pages: %.2f ms CPU each, %.2f µs for a page", updates, pages,
		float64(used.Microseconds())/1000/updates, float64(used.Microseconds())/updates/float64(pages))
}

// restart stops the server and starts it again, and waits for all pages.
func (c *crowd) restart(t *testing.T, pages int) {
	t.Helper()
	began := time.Now()
	c.w.stop(t)
	stopped := time.Since(began)
	c.w.start(t)
	started := time.Since(began)
	before := c.w.used(t)
	c.await(t, "all pages are back", func() bool { return c.open == pages && len(c.losses) >= pages })
	took := time.Since(began)
	used := c.w.used(t)

	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("the restart: stopped after %.1f s, ready after %.1f s, all pages back after %.1f s", stopped.Seconds(), started.Seconds(), took.Seconds())
	t.Logf("the server used %.1f s CPU since, and has %.1f KiB for each page", (used.cpu - before.cpu).Seconds(), float64(used.memory-before.memory)/1024/float64(pages))
	t.Logf("from loss to return: %v with the schedule minutes at most, %v with steps", c.longest[minutes].Round(100*time.Millisecond), c.longest[steps].Round(100*time.Millisecond))
	t.Logf("tries that failed: %v", c.refused)
	t.Logf("in each second, losses:  %s", histogram(c.losses, began))
	t.Logf("in each second, tries:   %s", histogram(c.tried, began))
	t.Logf("in each second, returns: %s", histogram(c.joined, began))
	if c.away > 0 {
		t.Errorf("%d pages heard a close frame, and stay away", c.away)
	}
	for reason, n := range c.refused {
		if reason != "connection refused" && reason != "503 Service Unavailable" && reason != "connection reset by peer" && reason != "EOF" {
			t.Errorf("%d tries failed otherwise: %s", n, reason)
		}
	}
	// So each page is back after the first try that its schedule has at that time.
	late := slices.DeleteFunc(c.failed, func(at time.Time) bool { return at.Sub(began) < started })
	if len(late) > 0 {
		t.Errorf("%d tries failed when the server was there again", len(late))
	}
	if most := slices.Max(perSecond(c.losses, began)); stopped > 2*time.Second && most > pages/4 {
		t.Errorf("%d of %d pages were dropped in one second", most, pages)
	}
}

// perSecond counts times in the seconds since a beginning.
func perSecond(times []time.Time, began time.Time) []int {
	counts := []int{0}
	for _, at := range times {
		second := max(0, int(at.Sub(began)/time.Second))
		for len(counts) <= second {
			counts = append(counts, 0)
		}
		counts[second]++
	}
	return counts
}

// histogram returns the counts as text, with runs of empty seconds in one word.
func histogram(times []time.Time, began time.Time) string {
	var text bytes.Buffer
	empty := 0
	for second, n := range perSecond(times, began) {
		if n == 0 {
			empty++
			continue
		}
		if empty > 0 {
			fmt.Fprintf(&text, "(%d s) ", empty)
			empty = 0
		}
		fmt.Fprintf(&text, "%d:%d ", second, n)
	}
	return text.String()
}

// leave ends all pages.
func (c *crowd) leave(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	if err := c.w.Process.Kill(); err != nil {
		t.Error(err)
	}
	c.running.Wait()
}
