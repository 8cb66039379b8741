package topic_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

var (
	ann = &peer.Identity{
		ID: "ann", Name: "Ann", Roles: []string{"staff", "sales"}, Tenant: "acme", Method: "ticket",
		Claims: map[string]any{"plan": "pro", "level": 3.0, "admin": true, "deep": map[string]any{"x": "y"}},
	}
	erp   = &peer.Identity{ID: "erp", Roles: []string{"backend"}, Method: "ticket", Backend: true, Key: "erp"}
	guest = &peer.Identity{ID: "anonymous-1", Roles: []string{"visitor"}, Method: "anonymous"}
)

// says compiles one rule for x.{user}.{id:int} and evaluates it for an identity and x.ann.42.
func says(t *testing.T, rule string, identity *peer.Identity) (bool, error) {
	t.Helper()
	table, problems := topic.Compile([]topic.Declaration{{Pattern: "x.{user}.{id:int}", Subscribe: rule}}, topic.Options{})
	if len(problems) > 0 {
		t.Fatal(rule, problems)
	}
	_, err := table.Authorize(t.Context(), topic.Request{Identity: identity, Action: peer.Subscribe, URI: "x.ann.42"})
	return err == nil, err
}

func TestRulesDecideOverIdentityParametersAndTopic(t *testing.T) {
	for _, test := range []struct {
		rule              string
		ann, erp, visitor bool
	}{
		{"true", true, true, true},
		{"false", false, false, false},
		{"", false, false, false},
		{"backend", false, true, false},
		{" backend ", false, true, false},
		{"not backend", true, false, true},
		{"anonymous", false, false, true},
		{"!anonymous", true, true, false},
		{"params.user == identity.id", true, false, false},
		{`params["user"] == identity.id`, true, false, false},
		{`params.id == "42"`, true, true, true},
		{`int(params.id) > 40`, true, true, true},
		{`identity.role in ["staff", "admin"]`, true, false, false},
		{`"sales" in identity.roles`, true, false, false},
		{`identity.tenant == "acme" and identity.claims.plan == "pro"`, true, false, false},
		{`identity.claims.level >= 3`, true, false, false},
		{`identity.claims.admin == true`, true, false, false},
		{`identity.claims?.deep?.x == "y"`, true, false, false},
		{`topic == "x.ann.42"`, true, true, true},
		{`topic startsWith "x." + identity.id + "."`, true, false, false},
		{`identity.name matches "^A"`, true, false, false},
		{`lower(identity.name) == "ann" ? true : backend`, true, true, false},
		{"len(identity.roles) == 2", true, false, false},
		{`string(identity.claims.level ?? 0) == "3"`, true, false, false},
		{"backend or params.user == identity.id", true, true, false},
	} {
		for who, want := range map[*peer.Identity]bool{ann: test.ann, erp: test.erp, guest: test.visitor} {
			if test.rule == "identity.claims.level >= 3" && who != ann {
				continue // fails without that claim, see below
			}
			if got, err := says(t, test.rule, who); got != want {
				t.Errorf("%q says %v to %s: %v", test.rule, got, who.ID, err)
			}
		}
	}
}

func TestABrokenRuleIsAFailureOfAuthorization(t *testing.T) {
	for _, rule := range []string{"identity.claims.level >= 3", "identity.claims.deep.x == 1", "int(params.user) == 1"} {
		_, err := says(t, rule, erp)
		failure, ok := err.(*wamp.Failure) //nolint:errorlint // the contract is the bare type
		if !ok || failure.URI != wamp.ErrAuthorizationFailed {
			t.Errorf("%q gives %v", rule, err)
		}
	}
}

func TestARequestWithoutAnIdentityIsAnonymous(t *testing.T) {
	if ok, err := says(t, `anonymous and identity.id == "" and not backend`, nil); !ok {
		t.Error(err)
	}
}

func TestBadRulesAreExplainedAtTheirPlace(t *testing.T) {
	for _, test := range []struct {
		rule string
		want []string
	}{
		{" ", []string{"0: the rule is blank; write a condition, or leave the key out for nobody"}},
		{"yes", []string{"0: there is no yes here; a rule knows identity, params, topic, backend, anonymous, payload, args, kwargs"}},
		{"backnd", []string{"0: there is no backnd here; did you mean backend?"}},
		{"role == \"x\"", []string{"0: there is no role here; write identity.role"}},
		{"user == identity.id", []string{"0: there is no user here; write params.user"}},
		{"procedure == \"x\"", []string{"0: there is no procedure here; a rule knows identity, params, topic, backend, anonymous, payload, args, kwargs"}},
		{"identity.rol == \"x\" and params.usr == identity.idd", []string{
			"9: there is no rol in identity; did you mean identity.role?",
			"31: there is no usr in params; did you mean params.user?",
			"47: there is no idd in identity; did you mean identity.id?",
		}},
		{"params.number == \"5\"", []string{"7: there is no number in params; params has user, id"}},
		{"\"é\" == identity.foo", []string{"17: there is no foo in identity; identity has id, name, role, roles, tenant, claims"}},
		{"identity.role = \"admin\"", []string{"14: the rule does not compile: unexpected token Operator(\"=\"); write == to compare"}},
		{"identity.role", []string{"0: the rule gives string instead of true or false; compare it with a value"}},
		{"identity.claims.admin", []string{"0: the rule may give something other than true or false; compare it, for example (identity.claims.admin) == true"}},
		{"identity.id == 5", []string{`12: identity.id is a text, and 5 is a number; put the number in quotes: identity.id == "5"`}},
		{"any(identity.roles, # == \"x\")", []string{
			"0: a rule may not call any; a rule may call len, lower, upper, trim, trimPrefix, trimSuffix, int, string",
			"20: a rule has no loops; use in, for example \"admin\" in identity.roles",
		}},
		{"len(1..1000000) > 1", []string{"5: a rule has no ranges; compare with >= and <="}},
		{"let x = 1; x == 1", []string{
			"4: a rule has no variables and no statements; write one condition",
			"11: there is no x here; a rule knows identity, params, topic, backend, anonymous, payload, args, kwargs",
		}},
		{"now() == 1", []string{"0: a rule may not call now; a rule may call len, lower, upper, trim, trimPrefix, trimSuffix, int, string"}},
		{"hello(wrld)", []string{
			"0: a rule may not call hello; a rule may call len, lower, upper, trim, trimPrefix, trimSuffix, int, string",
			"6: there is no wrld here; a rule knows identity, params, topic, backend, anonymous, payload, args, kwargs",
		}},
		{"lenn(identity.roles) > 1", []string{"0: a rule may not call lenn; did you mean len?"}},
		{"backend()", []string{"0: a rule may not call backend; a rule may call len, lower, upper, trim, trimPrefix, trimSuffix, int, string"}},
		{"topic matches identity.id", []string{"23: the regular expression is computed; write the expression as text in quotes"}},
		{"topic matches \"^[a-z]{1,900}$\"", []string{"14: the regular expression takes up to 1803 steps for each byte; 1000 are allowed; use smaller counts than {1,500}, or + and *"}},
		{"identity[params.user] == 1", []string{"16: a field of identity is computed; write identity.role and the like"}},
		{"$env.identity == 1", []string{"0: there is no $env here; a rule knows identity, params, topic, backend, anonymous, payload, args, kwargs"}},
		{`params.id > 1000`, []string{"10: params.id is a text, and 1000 is a number; write int(params.id) > 1000"}},
		{`params.id == 1000`, []string{"10: params.id is a text, and 1000 is a number; write int(params.id) == 1000"}},
		{`1000 < params.id`, []string{"5: params.id is a text, and 1000 is a number; write 1000 < int(params.id)"}},
		{`identity.role == staff`, []string{`17: there is no staff here; put it in quotes, if it is a text: identity.role == "staff"`}},
		{`staff in identity.roles`, []string{`0: there is no staff here; put it in quotes, if it is a text: '"staff" in identity.roles'`}},
		{`backend or staff in identity.roles`, []string{`11: there is no staff here; put it in quotes, if it is a text: "staff" in identity.roles`}},
		{`identity.roles == staff`, []string{`18: there is no staff here; put it in quotes, if it is a text: '"staff" in identity.roles'`}},
		{`identity.roles == "staff"`, []string{`15: identity.roles is a list, and "staff" is a text; write '"staff" in identity.roles'`}},
		{`"staff" == identity.roles`, []string{`8: identity.roles is a list, and "staff" is a text; write '"staff" in identity.roles'`}},
		{`backend or identity.roles != "staff"`, []string{`26: identity.roles is a list, and "staff" is a text; write not ("staff" in identity.roles)`}},
		{`identity.roles contains "staff"`, []string{`15: identity.roles is a list, and contains is for texts; write '"staff" in identity.roles'`}},
		{`identity.roles in "staff"`, []string{`15: in looks for a text in a list, which stands behind it; write '"staff" in identity.roles'`}},
		{`identity.roles in ["a", "b"]`, []string{`15: in looks for one text, and identity.roles is a list; ask for each: '"a" in identity.roles or "b" in identity.roles'`}},
		{`"staff" in identity.role`, []string{`8: in looks in a list, and identity.role is one text; write identity.role == "staff"`}},
		{`identity.role == ["a", "b"]`, []string{`14: ["a", "b"] is a list, and identity.role is a text; write identity.role in ["a", "b"]`}},
		{`identity.role == "a" or "b"`, []string{`24: or joins conditions, and "b" is a text; write identity.role in ["a", "b"]`}},
		{`identity.roles.includes("staff")`, []string{`15: a rule has no methods; write "staff" in identity.roles`}},
		{`identity.name.startsWith("A")`, []string{`14: a rule has no methods; write identity.name contains "A"`}},
		{`backend OR anonymous`, []string{`8: the rule does not compile: unexpected token Identifier("OR"); write and, or, not, in and contains in small letters`}},
		{`identity.role <> "a"`, []string{`15: the rule does not compile: unexpected token Operator(">"); write != for what is not the same`}},
		{`identity.role == “a”`, []string{`17: the rule does not compile: unrecognized character: U+201C '“'; use straight quotes: "text"`}},
		{`everyone`, []string{"0: there is no everyone here; write true"}},
		{`user.role == "a"`, []string{"0: there is no user here; write params.user"}},
		{`id == identity.id`, []string{"0: there is no id here; write identity.id or params.id"}},
		{`identity`, []string{`0: the rule gives the identity instead of true or false; compare a field of it, for example identity.role == "staff"`}},
		{"topic matches \"(\"", []string{"6: the rule does not compile: error parsing regexp: missing closing ): `(`; compare with ==, combine with and, or, not"}},
	} {
		_, problems := topic.Compile([]topic.Declaration{{Pattern: "x.{user}.{id:int}", Publish: test.rule}}, topic.Options{})
		var got []string
		for _, p := range problems {
			if p.Field != topic.FieldPublish || p.Declaration != 0 {
				t.Errorf("%q: the problem is in the wrong place: %+v", test.rule, p)
			}
			got = append(got, fmt.Sprintf("%d: %s", p.Offset, p.Error()))
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%q: got\n\t%s\ninstead of\n\t%s", test.rule, strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
		}
	}
}

func TestRulesAreBounded(t *testing.T) {
	for _, rule := range []string{
		strings.Repeat("backend or ", 300) + "backend",
		strings.Repeat("!", 400) + "backend",
		strings.Repeat("(", 500) + "backend" + strings.Repeat(")", 500),
	} {
		_, problems := topic.Compile([]topic.Declaration{{Pattern: "x", Publish: rule}}, topic.Options{})
		if len(problems) == 0 && len(rule) > 2048 {
			t.Errorf("a rule of %d bytes compiles", len(rule))
		}
	}
}

// Claims are what another program has signed, so a rule meets values that its author did not think of.
func TestARuleThatFailsOnAClaimIsARefusalThatIsCounted(t *testing.T) {
	deep := any("x")
	for range 1000 {
		deep = []any{deep}
	}
	claims := map[string]any{"zero": int64(0), "null": nil, "list": []any{}, "deep": deep, "text": strings.Repeat("x", 8<<10), "object": map[string]any{}}
	for rule, broken := range map[string]bool{
		"1 % identity.claims.zero == 0": true, "identity.claims.null + 1 == 2": true, "identity.claims.list[5] == 1": true,
		"lower(identity.claims.zero) == ''": true, "int(identity.claims.text) == 1": true, "identity.claims.object.a.b == 1": true,
		"identity.claims.zero matches 'x'": true, "'x' in identity.claims.zero": true, "identity.claims.missing in identity.claims.text": true,
		"identity.claims.deep == identity.claims.text": false, "identity.claims.deep in identity.claims.deep": false,
		"string(identity.claims.deep) == ''": false, "identity.claims.text matches '(x+x+)+y'": false,
	} {
		table, problems := topic.Compile([]topic.Declaration{{Pattern: "x", Subscribe: rule}}, topic.Options{})
		if len(problems) > 0 {
			t.Fatalf("%s: %v", rule, problems)
		}
		_, err := table.Authorize(t.Context(), topic.Request{Identity: &peer.Identity{ID: "ann", Claims: claims}, Action: peer.Subscribe, URI: "x"})
		failure, ok := errors.AsType[*wamp.Failure](err)
		if want := (map[bool]wamp.URI{true: wamp.ErrAuthorizationFailed, false: wamp.ErrNotAuthorized})[broken]; !ok || failure.URI != want {
			t.Errorf("%s: got %v", rule, err)
		}
		if counted := table.Refused(topic.Broken) == 1; counted != broken {
			t.Errorf("%s: it counts as a rule that failed: %t", rule, counted)
		}
	}
}

func TestRulesOfProceduresKnowTheProcedure(t *testing.T) {
	table, problems := topic.Compile([]topic.Declaration{{Kind: topic.Procedure, Pattern: "math.{op}", Call: `procedure == "math.add"`, Register: "backend"}}, topic.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for uri, want := range map[wamp.URI]bool{"math.add": true, "math.sub": false} {
		if _, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Call, URI: uri}); (err == nil) != want {
			t.Errorf("calling %s: %v", uri, err)
		}
	}
	if _, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Register, URI: "math.add"}); err == nil {
		t.Error("a person may register")
	}
}
