package meta

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options says how the meta API behaves. The zero value works.
type Options struct {
	URIs   wamp.URIRules // for the reasons that callers give
	Logins Logins        // taken back by kills with the reason wamp.close.logout; nil: there are none
	Logger *slog.Logger  // nil: nothing is logged
}

// Logins are the logins that outlive their sessions, such as those by cookie.
type Logins interface {
	// ForgetLogins takes the logins back whose identities match.
	ForgetLogins(matches func(*peer.Identity) bool) int
}

// component is the meta API of one realm. It is safe for concurrent use.
type component struct {
	router.NoObserver
	realm      *router.Realm
	uris       wamp.URIRules
	logins     Logins // nil: there are none
	log        *slog.Logger
	testaments testaments
}

// Attach adds the meta API to a realm, until detach. Call it before clients can join: WELCOME announces the features
// from then on.
func Attach(realm *router.Realm, options Options) (detach func(), err error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &component{realm: realm, uris: options.URIs, logins: options.Logins, log: options.Logger}
	var undo []func()
	detach = func() {
		for _, cancel := range undo {
			cancel()
		}
	}
	for _, procedures := range []map[wamp.URI]procedure{
		sessionProcedures, subscriptionProcedures, registrationProcedures, historyProcedures, testamentProcedures,
	} {
		for _, uri := range slices.Sorted(maps.Keys(procedures)) {
			cancel, err := realm.Register(c.registration(uri, procedures[uri]))
			if err != nil {
				detach()
				return nil, fmt.Errorf("register %s: %w", uri, err)
			}
			undo = append(undo, cancel)
		}
	}
	undo = append(undo, realm.Observe(c))
	c.announce()
	return detach, nil
}

func (c *component) registration(uri wamp.URI, p procedure) router.LocalProcedure {
	return router.LocalProcedure{
		Procedure: uri,
		Hidden:    true,
		Handler: func(ctx context.Context, invocation router.LocalInvocation) (wamp.Payload, error) {
			return c.answer(ctx, p, invocation)
		},
	}
}

// announce adds the features to WELCOME (WAMP, "Feature Announcement").
func (c *component) announce() {
	c.realm.Announce("broker", "session_meta_api", "subscription_meta_api")
	c.realm.Announce("dealer", "session_meta_api", "registration_meta_api", "testament_meta_api")
	if c.realm.KeepsHistory(wamp.Subscription{Match: wamp.MatchPrefix}) {
		c.realm.Announce("broker", "event_history")
	}
}

var _ router.ChangeObserver = &component{}
