package oro

import (
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// noKeys are the API keys of a server without any.
type noKeys struct{}

func (noKeys) Scopes(string) ([]string, bool) { return nil, false }

// policyOf returns what decides with these keys of oro.
func policyOf(t *testing.T, keys string) *policy.Policy {
	t.Helper()
	text := "oro: {secret: a-secret-of-oro, users: {webhook: 'http://127.0.0.1:1/'}" + keys + "}"
	c, err := config.Parse("test.yaml", []byte(text), config.Options{
		Sections: []config.Section{{Keys: (*Config)(nil)}}, Lookup: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	compiled, problems := policy.Compile(policy.Source{Config: c, Declarations: config.SectionOf[Config](c).Declare()})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return policy.New(policy.Options{Contracts: compiled, Keys: noKeys{}})
}

func TestTheTopicsAreForThoseThatOroMeans(t *testing.T) {
	anna := userIdentity(&User{ID: 7, Username: "anna", Organizations: []int64{1, 3}, Roles: []string{"ROLE_USER"}})
	backend := &peer.Identity{ID: "oro-backend", Backend: true}
	anonymous := &peer.Identity{ID: "anonymous-x", Method: "anonymous"}
	plain, checked := policyOf(t, ""), policyOf(t, ", check_organizations: true")
	for _, test := range []struct {
		topic                 wamp.URI
		anna, ofOrganizations bool
	}{
		{"oro/ping", true, true},
		{"oro/data/update", true, true},
		{"oro/maintenance", true, true},
		{"oro/message_queue_heartbeat", true, true},
		{"oro/outdated_user_page", true, true},
		{"oro/email_event/7/1", true, true},
		{"oro/email_event/7/3", true, true},
		{"oro/email_event/7/*", true, true},
		{"oro/email_event/7/2", true, false}, // another organization
		{"oro/email_event/8/1", false, false},
		{"oro/email_event/*/1", false, false}, // no such topic
		{"oro/email_event/7/x", false, false},
		{"oro/Email_event/7/1", false, false},
		{"oro/attribute_import/7/5", true, true},
		{"oro/attribute_import/8/5", false, false},
		{"oro/attribute_import/7/*", false, false},
		{"oro/imap_sync_fail/7", true, true},
		{"oro/imap_sync_fail/*", true, true},
		{"oro/imap_sync_fail/8", false, false},
		{"oro/reminder_remind/7", true, true},
		{"oro/reminder_remind/8", false, false},
		{"oro/unknown", false, false},
	} {
		may := func(p *policy.Policy, who *peer.Identity, action peer.Action) bool {
			return p.Explain(t.Context(), policy.Request{Identity: who, Action: action, URI: test.topic}).Refusal == nil
		}
		if got := may(plain, anna, peer.Subscribe); got != test.anna {
			t.Errorf("%s: anna may subscribe: %t", test.topic, got)
		}
		if got := may(checked, anna, peer.Subscribe); got != test.ofOrganizations {
			t.Errorf("%s with check_organizations: anna may subscribe: %t", test.topic, got)
		}
		if may(plain, anna, peer.Publish) {
			t.Errorf("%s: anna may publish", test.topic)
		}
		if got, want := may(plain, backend, peer.Publish), test.topic != topicPing && (test.anna || may(plain, userIdentity(&User{ID: 8}), peer.Subscribe)); got != want {
			t.Errorf("%s: a backend may publish: %t", test.topic, got)
		}
		if may(plain, anonymous, peer.Subscribe) {
			t.Errorf("%s: a page that nobody is logged in at may subscribe", test.topic)
		}
	}
}

func TestTheRuleOfDataUpdatesSeesTagClassAndUser(t *testing.T) {
	p := policyOf(t, `, data_update: {rule: 'not (params.class == "Acme_Salary") or "ROLE_HR" in identity.roles or params.tag endsWith "_open"'}`)
	user, hr := userIdentity(&User{ID: 7, Roles: []string{"ROLE_USER"}}), userIdentity(&User{ID: 8, Roles: []string{"ROLE_HR"}})
	for tag, forAll := range map[string]bool{"Acme_Order_7": true, "Acme_Salary_7": false, "Acme_Salary_type_collection": false, "Acme_Salary_type_open": true} {
		topic, ok := topicOfTag(tag)
		if !ok {
			t.Fatal(tag)
		}
		for who, want := range map[*peer.Identity]bool{user: forAll, hr: true} {
			got := p.Explain(t.Context(), policy.Request{Identity: who, Action: peer.Subscribe, URI: topic})
			if allowed := got.Refusal == nil; allowed != want {
				t.Errorf("%s for %v: %t, %v", tag, who.Roles, allowed, got.Refusal)
			}
		}
	}
}
