package routing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/text"
)

// kind tells the handlers apart.
type kind string

// The kinds of handlers.
const (
	broadcast kind = "BroadcastTopic"
	secured   kind = "SecuredTopic"
	syncFail  kind = "SyncFailTopic"
	ping      kind = "WebsocketPingTopic"
)

// classes are the handlers of OroPlatform.
var classes = map[string]kind{
	`Oro\Bundle\SyncBundle\Topic\BroadcastTopic`:     broadcast,
	`Oro\Bundle\SyncBundle\Topic\SecuredTopic`:       secured,
	`Oro\Bundle\ImapBundle\Topic\SyncFailTopic`:      syncFail,
	`Oro\Bundle\SyncBundle\Topic\WebsocketPingTopic`: ping,
}

// userParameter is the one that SecuredTopic and SyncFailTopic compare with the user.
const userParameter = "user_id"

// everyUser is the rule of the server's own topics for all users. Clients without a login exist only where the
// configuration admits them, and never in the application.
const everyUser = "not anonymous"

const pingText = "Connection keep alive"

// The interval of a ping has the bounds of a contract's every.
const (
	minInterval = time.Second
	maxInterval = 24 * time.Hour
)

// decision says what handles the topics of a route, and how that is known.
type decision struct {
	kind     kind
	why      string
	interval time.Duration // of a ping
}

// decide finds out what handles the topics of a route. It returns nil after it has reported a problem.
func (p *importer) decide(of *route) *decision {
	name := of.handler.Value
	for flag, chosen := range p.chosen {
		if chosen[name] {
			kind := secured
			if flag == "--broadcast" {
				kind = broadcast
			}
			return &decision{kind: kind, why: flag + " " + name}
		}
	}
	found := p.services.handlers[name]
	if found == nil {
		p.noHandler(of)
		return nil
	}
	why := fmt.Sprintf("the service %s, %s", found.service, place(found.at))
	known, ok := classes[found.class]
	if !ok {
		what := "is of the class " + found.class + ", which does what only the application knows"
		if found.class == "" {
			what = "is handled by two services of different classes"
		}
		p.fail(of.handler, choose(name), "the handler %s of the route %s %s", name, of.name, what)
		return nil
	}
	made := &decision{kind: known, why: string(known) + " (" + why + ")"}
	if known == ping {
		seconds, err := strconv.Atoi(found.interval)
		if made.interval = time.Duration(seconds) * time.Second; err != nil || made.interval < minInterval || made.interval > maxInterval {
			p.note(found.at, "give the services file that has the parameter, or correct every: in the contract", "the interval of the ping %s is not known (%s): 50 seconds are taken", name, found.interval)
			made.interval = 50 * time.Second
		}
	}
	return made
}

// choose is the fix for a handler of an unknown kind.
func choose(name string) string {
	return fmt.Sprintf("give --broadcast %[1]s if all users may subscribe, --secured %[1]s if only the user of {user_id} may, or --skip %[1]s and write the contract by hand", name)
}

// noHandler reports a route whose handler is in no services file.
func (p *importer) noHandler(of *route) {
	name := of.handler.Value
	why := "no service with the tag " + topicTag + " has that name as its first argument"
	fix := "give the file that has it with --services; or " + choose(name)
	var known []string
	for other := range p.services.handlers {
		known = append(known, other)
	}
	switch untagged := p.services.untagged[name]; {
	case untagged != nil:
		why = fmt.Sprintf("the service %s (%s) has that name as its first argument, but not the tag %s", untagged.service, place(untagged.at), topicTag)
		fix = choose(name)
	case len(p.services.unclear) > 0:
		first := p.services.unclear[0]
		fix = fmt.Sprintf("it may be the service %s: %s; %s", first.service, first.why, fix)
	default:
		if near := text.Nearest(name, known); near != "" {
			fix = "did you mean " + near + "? Otherwise " + fix
		}
	}
	p.fail(of.handler, fix, "the handler %s of the route %s is not known: %s", name, of.name, why)
}

func place(at node) string { return fmt.Sprintf("%s:%d", at.in.name, at.Line) }

// subscribe returns the rule for subscriptions, and what the topic is for.
func (d *decision) subscribe(pattern *pattern) (rule, doc string) {
	user := pattern.user
	switch d.kind {
	case secured:
		return user.rule(), "for the user whose id is " + userParameter
	case syncFail:
		return fmt.Sprintf("%s and (%s or params.%s == %s)", everyUser, user.rule(), user.component, quoteText(user.before+"*"+user.after)), "for the user whose id is " + userParameter + ", or with * for all users"
	case ping:
		return everyUser, "a sign of life while users are subscribed"
	default:
		return everyUser, "for all users"
	}
}

// user is the component of a pattern that has the id of a user, perhaps between fixed texts.
type user struct{ component, before, after string }

// rule compares the id with that of the subscriber.
func (u *user) rule() string {
	id := "identity.id"
	if u.before != "" {
		id = quoteText(u.before) + " + " + id
	}
	if u.after != "" {
		id += " + " + quoteText(u.after)
	}
	return "params." + u.component + " == " + id
}

// quoteText returns a text as a literal of a rule.
func quoteText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
