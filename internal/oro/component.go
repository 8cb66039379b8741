package oro

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/logonce"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// pingEvery is the time between two events of oro/ping. Proxies close connections that are silent for a minute.
const pingEvery = 50 * time.Second

// Component serves an application. Safe for concurrent use.
type Component struct {
	router.NoObserver
	tickets *Tickets
	users   *Cache
	host    hosts
	log     *slog.Logger
	refused *logonce.Set
	policy  feature.Policy
	silence time.Duration                                   // after which a connection that does not answer is lost
	follow  func(ctx context.Context, see func(url string)) // the database; nil: a webhook
	release func()                                          // what New has opened
	realm   atomic.Pointer[router.Realm]

	updates     updates
	watchers    watchers
	missed      missed
	maintenance maintenance
	counts      counts
}

// counts are numbers since the start.
type counts struct {
	updates, told, lateMaintenance, malformed, pings, cut atomic.Uint64
}

// Open implements [feature.Component].
func (c *Component) Open(ctx context.Context, realm *router.Realm) (close func(), err error) {
	if err := c.maintenance.open(ctx); err != nil {
		return nil, err
	}
	c.realm.Store(realm)
	stop := []func(){
		realm.Intercept(topicDataUpdate, c.updates.take),
		realm.Intercept(topicMaintenance, c.maintenance.take),
		realm.Observe(c),
	}
	return func() {
		for _, step := range stop {
			step()
		}
		c.updates.close()
		if n := c.counts.cut.Load(); n > 0 {
			c.log.Warn("Connections of the application's programs were closed. What they publish from now on is lost, and they do not notice. "+
				"Restart programs that run on: oro:message-queue:consume, oro:cron.", "connections", n)
		}
		c.release()
	}, nil
}

// Run implements [feature.Runner]. It says on oro/ping that the connection works, and follows the address of the
// application.
func (c *Component) Run(ctx context.Context) error {
	if c.follow != nil {
		var followed sync.WaitGroup
		followed.Go(func() { c.follow(ctx, c.host.set) })
		defer followed.Wait()
	}
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			c.ping()
		}
	}
}

func (c *Component) ping() {
	if c.realm.Load().Subscribers(topicPing) > 0 {
		c.counts.pings.Add(1)
		c.publish(router.Publication{Topic: topicPing, Payload: valuePayload([]byte(`"Connection keep alive"`))})
	}
}

// publish publishes an event of the server.
func (c *Component) publish(p router.Publication) {
	p.Direct = true
	if _, err := c.realm.Load().Publish(p); err != nil {
		c.log.Error("an event cannot be published", "topic", string(p.Topic), "error", err)
	}
}

// refuse counts and logs a publication that cannot be read. Version 1 has no answer for it.
func (c *Component) refuse(topic wamp.URI, err error) {
	c.counts.malformed.Add(1)
	if turn := c.refused.Next(string(topic)); turn.Write {
		c.log.Warn("a publication of a backend cannot be read, and is not delivered", "topic", string(topic), "error", err)
	}
}

// Subscribed implements [router.Observer]. A page that comes back is told what it has missed.
func (c *Component) Subscribed(s *router.Session, sub wamp.Subscription) {
	if covers(sub, topicMaintenance) {
		c.maintenance.tell(s)
	}
	if !covers(sub, topicDataUpdate) {
		return
	}
	now := time.Now()
	if c.watchers.add(s) {
		c.missed.lose(browserOf(s), now.Add(-c.silence))
	}
	var tags []tag
	for _, t := range c.missed.comeBack(browserOf(s), now) {
		if !c.updates.filtered || c.mayKnow(s, t) {
			tags = append(tags, t)
		}
	}
	if len(tags) > 0 {
		c.counts.told.Add(1)
		c.publish(router.Publication{Topic: topicDataUpdate, Payload: payloadOf(tags), Filter: only(s)})
	}
}

// only returns the filter that admits one session.
func only(s *router.Session) publication.Filter {
	return publication.Filter{Eligible: []wamp.ID{s.ID()}}
}

// covers reports whether a subscription has the events of a topic.
func covers(sub wamp.Subscription, topic wamp.URI) bool {
	switch sub.Match {
	case wamp.MatchExact:
		return sub.Topic == topic
	case wamp.MatchPrefix:
		return strings.HasPrefix(string(topic), string(sub.Topic))
	case wamp.MatchWildcard: // a topic of Oro has one component only, because it has no dot
		return sub.Topic == ""
	}
	return false
}

// Unsubscribed implements [router.Observer]. The last call before Left says which sessions are lost.
func (c *Component) Unsubscribed(s *router.Session, sub wamp.Subscription) {
	if !covers(sub, topicDataUpdate) {
		return
	}
	if ok, replaced := c.watchers.remove(s); !ok || replaced {
		return
	}
	now := time.Now()
	switch s.Reason() { //nolint:exhaustive // the others are no loss, or the session goes on
	case outbox.CloseTimeout:
		c.missed.lose(browserOf(s), now.Add(-c.silence))
	case outbox.CloseLost, outbox.CloseSlow, outbox.CloseInternal:
		c.missed.lose(browserOf(s), now)
	}
}

// Left implements [router.Observer].
func (c *Component) Left(s *router.Session) {
	if s.Identity().Backend && s.Encoding() == wamp.V1JSON && s.Reason() == outbox.CloseShutdown {
		c.counts.cut.Add(1)
	}
}

// mayKnow reports whether the rule of data_update lets a session know a tag.
func (c *Component) mayKnow(s *router.Session, t tag) bool {
	topic, ok := topicOfTag(t.name)
	return ok && c.policy.RuleAdmits(s, peer.Subscribe, topic)
}

// Redeems implements [feature.Redeemer].
func (c *Component) Redeems(ticket string) bool { return c.tickets.Redeems(ticket) }

// OfBackend implements [feature.Redeemer].
func (c *Component) OfBackend(ticket string) bool { return c.tickets.OfBackend(ticket) }

// Redeem implements [feature.Redeemer].
func (c *Component) Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error) {
	return c.tickets.Redeem(ctx, ticket, from)
}

// AllowsOrigin implements [feature.OriginSource].
func (c *Component) AllowsOrigin(host string) bool { return c.host.allows(host) }

// Collect implements [feature.Meter].
func (c *Component) Collect(yield func(feature.Sample)) {
	count := func(name, help string, n uint64) {
		yield(feature.Sample{Name: "oro_" + name, Help: help, Kind: feature.Counter, Value: float64(n)})
	}
	for outcome, n := range c.tickets.Counts() {
		count(fmt.Sprintf("tickets_%s_total", outcome), "Tickets of Oro with this outcome.", n)
	}
	users := c.users.Stats()
	count("user_questions_total", "Questions for users to the application's database or webhook.", users.Questions)
	count("user_question_failures_total", "Questions for users that were not answered in time, or with an error.", users.Failures)
	count("user_cache_hits_total", "Users that were known from a question within oro.users.cache.", users.Hits)
	count("data_updates_total", "Publications to oro/data/update.", c.counts.updates.Load())
	count("data_updates_caught_up_total", "Pages that came back and were told which tags they had missed.", c.counts.told.Load())
	count("maintenance_late_total", "Events of oro/maintenance for pages that subscribed later.", c.counts.lateMaintenance.Load())
	count("malformed_total", "Publications of backends that could not be read.", c.counts.malformed.Load())
	count("pings_total", "Events of oro/ping.", c.counts.pings.Load())
	count("backends_cut_total", "Connections of backends that the end of the server has closed.", c.counts.cut.Load())
}

// Interface guards.
var (
	_ feature.Component    = (*Component)(nil)
	_ feature.Runner       = (*Component)(nil)
	_ feature.Meter        = (*Component)(nil)
	_ feature.Redeemer     = (*Component)(nil)
	_ feature.OriginSource = (*Component)(nil)
)
