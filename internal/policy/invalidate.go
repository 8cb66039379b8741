package policy

import (
	"context"
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Selection selects sessions by their identity. A session is selected if it has everything that is not empty.
type Selection struct {
	User   string // the user's id; of a backend the name of its API key
	Role   string // any of the session's roles
	Tenant string
}

func (s Selection) selects(identity *peer.Identity) bool {
	return (s.User == "" || identity.ID == s.User) &&
		(s.Role == "" || slices.Contains(identity.Roles, s.Role)) &&
		(s.Tenant == "" || identity.Tenant == s.Tenant)
}

// errNothingSelected is the error of a selection without any condition.
func errNothingSelected() error {
	return wamp.Fail(wamp.ErrInvalidArgument, "nothing is selected: name a user, a role or a tenant")
}

// Select returns the selected sessions of a realm. A selection without any condition is refused with a [*wamp.Failure].
func Select(realm *router.Realm, s Selection) ([]*router.Session, error) {
	if s == (Selection{}) {
		return nil, errNothingSelected()
	}
	return slices.DeleteFunc(realm.Sessions(), func(session *router.Session) bool { return !s.selects(session.Identity()) }), nil
}

// Invalidate makes the cached decisions on the selected sessions void, asks again about what they hold, and takes away
// only what is refused now. It goes on if ctx ends, because half of it would leave some pages with a right that others
// have lost. All cached decisions of the external authorizer are forgotten: their keys are hashes. A selection without
// any condition is refused with a [*wamp.Failure].
func (p *Policy) Invalidate(ctx context.Context, s Selection) (peer.Rechecked, error) {
	if s == (Selection{}) {
		return peer.Rechecked{}, errNothingSelected()
	}
	p.forgetExternal()
	found, err := p.realm.Invalidate(ctx, s.selects)
	p.options.Logger.InfoContext(ctx, "decisions were invalidated", "user", s.User, "role", s.Role, "tenant", s.Tenant,
		"sessions", found.Sessions, "kept", found.Kept, "revoked", found.Revoked, "undecided", found.Undecided)
	if err != nil {
		return found, wamp.Fail(wamp.ErrUnavailable, "the server stops: what was not asked about ends with its session")
	}
	return found, nil
}
