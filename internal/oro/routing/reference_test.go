package routing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/oro/routing"
	"github.com/tidings-io/tidings/internal/topic"
)

// reference compiles a channel as the application's router does: one expression over the whole topic, by bytes.
func reference(channel string, requirements map[string]string, defaults []string) *regexp.Regexp {
	type piece struct{ before, name, expression string }
	var pieces []piece
	parameters := regexp.MustCompile(`\{(\w+)\}`)
	rest := channel
	for {
		at := parameters.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		made := piece{before: rest[:at[0]], name: rest[at[2]:at[3]]}
		rest = rest[at[1]:]
		expression, ok := requirements[made.name]
		if !ok {
			expression = "[^/]+"
			if next := parameters.ReplaceAllString(rest, ""); next != "" && strings.Contains(`/,;.:-_~+*=@|`, next[:1]) {
				expression = `[^/\x` + fmt.Sprintf("%02x", next[0]) + `]+`
			}
		}
		made.expression = strings.TrimSuffix(strings.TrimPrefix(expression, "^"), "$")
		pieces = append(pieces, made)
	}
	optional := len(pieces)
	if rest == "" {
		for optional > 0 && slices.Contains(defaults, pieces[optional-1].name) {
			optional--
			if before := pieces[optional].before; len(before) > 1 || before != "" && !strings.Contains(`/,;.:-_~+*=@|`, before) {
				break // the text before it is no part of what may be left out, but its separator is
			}
		}
	}
	whole := ""
	for i, p := range pieces {
		text, separator := p.before, ""
		if text != "" && strings.Contains(`/,;.:-_~+*=@|`, text[len(text)-1:]) {
			text, separator = text[:len(text)-1], text[len(text)-1:]
		}
		whole += regexp.QuoteMeta(text)
		if i >= optional {
			whole += "(?:"
		}
		whole += regexp.QuoteMeta(separator) + "(?:" + p.expression + ")"
	}
	whole += strings.Repeat(")?", len(pieces)-optional) + regexp.QuoteMeta(rest)
	return regexp.MustCompile(`(?s)\A` + whole + `\z`)
}

// octets returns a text with one character for each byte, so that expressions match it by bytes.
func octets(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

var (
	expressions = []string{`\d+`, `^\d+$`, `\d+|\*`, `[a-c]{2}`, `a|b|ab`, `\w+`, `[^/.]+`, `x[^/.]*`, `[^/.]*b`, `[^/.]+-\d`, `int`, `(a|b)+c?`, `[^/]+`, `\bab\b|\*`, `a(?:b(?:c)?)?`, `[A-Z_]+?`, `x?y*z`, `(?U)a+b`, `[[:alpha:]]+`, `\Qa{\E`, `[]a]+`, `a{2}`, `\{a\}`, `#`, `a\#`, `[^/.]+x[^/.]+`, `[^/.a]+`}
	texts       = []string{"acme", "a", "x", "v1", "*", "ab", "#", "Ab", ""}
	values      = []string{"5", "57", "a", "b", "ab", "abc", "x", "xy", "xä", "ä", "äb", "*", "a-5", "a_b", "a.b", "A", "AB_", "int", "aa", "yz", "{a}", "a{", "a#", "]a", "", "-", ":", "a:b", "~", "1-2-3", "ää"}
)

// randomRoute returns a channel with requirements and defaults.
func randomRoute(random *rand.Rand) (channel string, requirements map[string]string, defaults []string) {
	requirements, defaults = make(map[string]string), []string{}
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	channel = "acme"
	for n := range 1 + random.IntN(4) {
		channel += pick([]string{"/", "/", "/", ".", "-", "_", ":", "", "/x", "*"})
		if random.IntN(3) == 0 {
			channel += pick(texts)
			continue
		}
		name := fmt.Sprintf("p%d", n)
		channel += "{" + name + "}"
		if random.IntN(4) > 0 {
			requirements[name] = pick(expressions)
		}
		if random.IntN(4) == 0 {
			defaults = append(defaults, name)
		}
	}
	return channel, requirements, defaults
}

// randomTopic returns a topic that the channel matches perhaps.
func randomTopic(random *rand.Rand, channel string) string {
	pick := func() string { return values[random.IntN(len(values))] }
	topic := regexp.MustCompile(`\{\w+\}`).ReplaceAllStringFunc(channel, func(string) string { return pick() })
	switch random.IntN(6) {
	case 0:
		at := random.IntN(len(topic) + 1)
		topic = strings.ToValidUTF8(topic[:at], "") + pick() + strings.ToValidUTF8(topic[at:], "")
	case 1:
		topic = topic[:strings.LastIndexAny(topic, "/.-a")]
	}
	return topic
}

// route is a random route with topics, and which of them its contracts match.
type route struct {
	Channel      string            `json:"channel"`
	Requirements map[string]string `json:"requirements"`
	Defaults     []string          `json:"defaults"`
	Topics       []string          `json:"topics"`

	patterns []string
	matches  []bool
	narrowed bool // a warning says that no dot can be in a parameter
}

// randomRoutes imports random routes, and matches random topics with their contracts.
func randomRoutes(t *testing.T, count int) (list []route) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for len(list) < count {
		var made route
		made.Channel, made.Requirements, made.Defaults = randomRoute(random)
		contracts, err := importRoute(made.Channel, made.Requirements, made.Defaults)
		if err != nil {
			continue
		}
		made.narrowed = len(contracts.Notes) > 0
		var patterns []*topic.Pattern
		for _, contract := range contracts.Contracts {
			pattern, err := topic.ParsePattern(contract.Pattern)
			if err != nil {
				t.Fatalf("%s %v: %s: %v", made.Channel, made.Requirements, contract.Pattern, err)
			}
			patterns, made.patterns = append(patterns, pattern), append(made.patterns, contract.Pattern)
		}
		for range 60 {
			name := randomTopic(random, made.Channel)
			uri := strings.ReplaceAll(name, "#", "%23") // as the router of version 1 names it
			made.Topics = append(made.Topics, name)
			made.matches = append(made.matches, slices.ContainsFunc(patterns, func(p *topic.Pattern) bool {
				_, ok := p.Match(uri)
				return ok
			}))
		}
		list = append(list, made)
	}
	return list
}

// compare reports a topic that the application and the contracts disagree on.
func (r *route) compare(t *testing.T, there []bool) (matched int) {
	t.Helper()
	for i, name := range r.Topics {
		if there[i] && r.matches[i] {
			matched++
		}
		if isNarrowed := there[i] && r.narrowed && strings.Contains(name, "."); there[i] != r.matches[i] && !isNarrowed {
			t.Fatalf("%q: the route %s %v %v says %v, the contracts %q say %v", name, r.Channel, r.Requirements, r.Defaults, there[i], r.patterns, r.matches[i])
		}
	}
	return matched
}

func TestContractsAdmitExactlyTheTopicsOfTheRoute(t *testing.T) {
	matched := 0
	for _, made := range randomRoutes(t, 400) {
		original := reference(made.Channel, made.Requirements, made.Defaults)
		var there []bool
		for _, name := range made.Topics {
			there = append(there, original.MatchString(octets(name)))
		}
		matched += made.compare(t, there)
	}
	if matched < 2000 {
		t.Errorf("%d topics matched", matched)
	}
}

// TestContractsAdmitWhatPCREAdmits compares with the engine of the application itself.
func TestContractsAdmitWhatPCREAdmits(t *testing.T) {
	php, err := exec.LookPath("php")
	if err != nil {
		t.Skip("SKIPPED: there is no php (Debian: php-cli)")
	}
	routes := randomRoutes(t, 400)
	var in bytes.Buffer
	for _, made := range routes {
		if err := json.NewEncoder(&in).Encode(made); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), php, "testdata/router.php")
	command.Stdin, command.Stderr = &in, os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers, matched := json.NewDecoder(bytes.NewReader(out)), 0
	for _, made := range routes {
		var there []bool
		if err := answers.Decode(&there); err != nil || len(there) != len(made.Topics) {
			t.Fatalf("%s: %v", made.Channel, err)
		}
		matched += made.compare(t, there)
	}
	if matched < 2000 {
		t.Errorf("%d topics matched", matched)
	}
}

func importRoute(channel string, requirements map[string]string, defaults []string) (*routing.Import, error) {
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	var b strings.Builder
	fmt.Fprintf(&b, "a:\n  channel: %s\n  handler: h\n", quote(channel))
	if len(requirements) > 0 {
		b.WriteString("  requirements:\n")
	}
	for name, expression := range requirements {
		fmt.Fprintf(&b, "    %s: %s\n", name, quote(expression))
	}
	if len(defaults) > 0 {
		b.WriteString("  defaults:\n")
	}
	for _, name := range defaults {
		fmt.Fprintf(&b, "    %s: 1\n", name)
	}
	return read(b.String(), broadcastAll, routing.Options{})
}
