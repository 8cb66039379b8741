package topic

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

const (
	// maxRuleBytes and maxRuleNodes bound the cost of one decision. A rule has no loops, so its time and
	// memory grow with its length only.
	maxRuleBytes = 2048
	maxRuleNodes = 200
)

// Rule is a compiled condition over identity, parameters and the URI. It is immutable.
type Rule struct {
	text    string
	program *vm.Program
	answer  answer
	uses    uses
}

// answer is the result of a rule that need not run. The most common rules (true, backend) need not.
type answer uint8

const (
	computed answer = iota
	always
	never
	backendOnly
)

// uses records what a rule reads beyond the identity. A decision on a pattern has no single URI and
// only some parameters.
type uses struct {
	uri     bool
	params  []string
	whole   bool // params as a whole, or by a computed name
	payload bool
}

// ReadsPayload reports whether the answer depends on the payload of the request.
func (r *Rule) ReadsPayload() bool { return r.uses.payload }

// String returns the rule as it was written, or "" for an absent rule.
func (r *Rule) String() string { return r.text }

// holds evaluates the rule. An error means that the rule fails for this identity, for example because
// the identity lacks a claim.
func (r *Rule) holds(e *environment) (bool, error) {
	switch r.answer {
	case always:
		return true, nil
	case never:
		return false, nil
	case backendOnly:
		return e.Backend, nil
	case computed:
	}
	result, err := vm.Run(r.program, e)
	if err != nil {
		return false, fmt.Errorf("evaluate rule: %s", firstLine(err))
	}
	yes, ok := result.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate rule: the result is %T instead of true or false", result)
	}
	return yes, nil
}

// decidable reports whether the rule can be evaluated with these parameters and without the URI.
func (r *Rule) decidable(fixed map[string]string) bool {
	if r.uses.uri || r.uses.whole {
		return false
	}
	return !slices.ContainsFunc(r.uses.params, func(name string) bool {
		_, ok := fixed[name]
		return !ok
	})
}

// compileRule compiles a rule and checks it against the vocabulary of its contract. It reports all
// mistakes, each with its offset.
func compileRule(text string, scope scope) (*Rule, []*SyntaxError) {
	rule := &Rule{text: text}
	switch strings.TrimSpace(text) {
	case "", "false":
		if text == "" || strings.TrimSpace(text) != "" {
			rule.answer = never
			return rule, nil
		}
		return nil, []*SyntaxError{{0, "the rule is blank", "write a condition, or leave the key out for nobody"}}
	case "true":
		rule.answer = always
		return rule, nil
	case "backend":
		rule.answer = backendOnly
		return rule, nil
	}
	if len(text) > maxRuleBytes {
		return nil, []*SyntaxError{{maxRuleBytes, fmt.Sprintf("the rule is longer than %d bytes", maxRuleBytes), "move the decision into a handler"}}
	}
	uses, problems := scope.check(text)
	if len(problems) > 0 {
		return nil, problems
	}
	program, err := scope.compile(text, uses)
	if err != nil {
		return nil, []*SyntaxError{explain(text, err)}
	}
	rule.program, rule.uses = program, uses
	return rule, nil
}

// compile compiles a rule that the checker has found no mistake in. If a schema gives the payload types, they are
// checked first: without them any member may be something else than true or false.
func (s scope) compile(text string, uses uses) (*vm.Program, error) {
	untyped := append(options(), expr.Env(environment{}), expr.AsBool())
	typed := s.typed()
	if !uses.payload || typed == nil {
		return expr.Compile(text, append(untyped, expr.WarnOnAny())...)
	}
	if _, err := expr.Compile(text, append(options(), expr.Env(typed), expr.AsBool(), expr.WarnOnAny())...); err != nil {
		return nil, err
	}
	return expr.Compile(text, untyped...)
}

// syntaxFixes holds what to write instead, by messages of the parser.
var syntaxFixes = []struct {
	is  *regexp.Regexp
	fix string
}{
	{regexp.MustCompile(`Operator\("="\)`), "write == to compare"},
	{regexp.MustCompile(`(?i)Identifier\("(and|or|not|in|contains)"\)`), "write and, or, not, in and contains in small letters"},
	{regexp.MustCompile(`Identifier\("(is|equals|eq)"\)`), "write == to compare"},
	{regexp.MustCompile(`Operator\(">"\)`), "write != for what is not the same"},
	{regexp.MustCompile(`U\+(201[89CDEF]|00[AB]B|FF02)`), "use straight quotes: \"text\""},
	{regexp.MustCompile(`EOF|literal not terminated`), "the rule ends too early: is a quote, a bracket or an operand missing?"},
}

// explain turns an error of the expression compiler into a [SyntaxError].
func explain(text string, err error) *SyntaxError {
	fix := "compare with ==, combine with and, or, not"
	if e, ok := errors.AsType[*file.Error](err); ok {
		for _, known := range syntaxFixes {
			if known.is.MatchString(e.Message) {
				fix = known.fix
				break
			}
		}
		return &SyntaxError{byteOffset(text, e.From), "the rule does not compile: " + e.Message, fix}
	}
	message := firstLine(err)
	if got, ok := strings.CutPrefix(message, "expected bool, but got "); ok {
		if got == "unknown" || strings.HasPrefix(got, "interface") {
			return &SyntaxError{0, "the rule may give something other than true or false", "compare it, for example (" + text + ") == true"}
		}
		if got == "topic.identity" {
			return &SyntaxError{0, "the rule gives the identity instead of true or false", `compare a field of it, for example identity.role == "staff"`}
		}
		return &SyntaxError{0, "the rule gives " + got + " instead of true or false", "compare it with a value"}
	}
	return &SyntaxError{0, "the rule does not compile: " + message, fix}
}

// byteOffset converts a position of the compiler, which counts runes, into bytes.
func byteOffset(text string, runes int) int {
	for i := range text {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(text)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
