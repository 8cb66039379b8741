package router_test

import (
	"context"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
)

// patience is how long a test waits for what must come. It only passes when a test fails.
const patience = time.Minute

// TestAStoppingRouterTellsEverySessionBeforeItWaits has a subscriber that holds up the delivery of a publication. A
// session that leaves waits for that delivery, and the others must have their GOODBYE already.
func TestAStoppingRouterTellsEverySessionBeforeItWaits(t *testing.T) {
	r := router.New(router.Options{})
	realm := r.AddRealm("app")
	const count = 50
	told := make(chan struct{}, count)
	delivering, goOn := make(chan struct{}), make(chan struct{})
	var all []*router.Client
	for i := range count {
		var c *router.Client
		first := i == 0
		c = r.Attach(router.Attachment{Format: jsonFormat, Waker: outbox.WakeFunc(func() {
			switch {
			case c == nil:
			case c.Outbox().Closed() != nil:
				told <- struct{}{}
			case first && c.Session() != nil && realm.Subscribers("t") == count:
				close(delivering)
				<-goOn
			}
		})})
		all = append(all, c)
	}
	for _, c := range all {
		receive(t, c, []byte(`[1,"app",{"roles":{"subscriber":{}}}]`))
		receive(t, c, []byte(`[32,1,{},"t"]`))
		c.Outbox().Take(nil, 1<<20)
	}
	go realm.Publish(router.Publication{Topic: "t"})
	<-delivering
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- r.Shutdown(ctx) }()
	for i := range count {
		select {
		case <-told:
		case <-time.After(patience):
			t.Fatalf("%d of %d sessions were told", i, count)
		}
	}
	close(goOn)
	for _, c := range all {
		c.Detach(outbox.CloseShutdown)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	cancel()
}
