package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// mustBe says what each claim of a ticket must be.
var mustBe = map[string]string{
	"sub":     `the user (sub) must be a text, such as "42"`,
	"jti":     "the ticket's id (jti) must be a text that no other ticket has",
	"aud":     `the audience (aud) must be the text "` + Audience + `"`,
	"iss":     "the issuer (iss) must be a text",
	"exp":     "the expiry (exp) must be a number: the seconds since 1970",
	"iat":     "the time of issue (iat) must be a number: the seconds since 1970",
	"nbf":     "the time before which it is not valid (nbf) must be a number: the seconds since 1970",
	"name":    "the name must be a text",
	"roles":   `the roles must be a list of texts, such as ["staff"]`,
	"tenant":  "the tenant must be a text",
	"claims":  `the claims must be an object, such as {"department": 7}`,
	"session": "session must be a whole number of seconds from the login",
}

// explainClaims says what is wrong with the content of a ticket whose signature is valid.
func explainClaims(payload string, err error) error {
	var kind *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &kind):
		return wrongClaim(payload, kind)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &wrongClaims{Malformed, "the ticket has a claim twice" + placeOf(err)}
	case errors.As(err, &syntax):
		return &wrongClaims{Malformed, fmt.Sprintf("the payload of the ticket is not JSON: %v at byte %d", syntax.Err, syntax.ByteOffset)}
	}
	if _, padded := base64.StdEncoding.DecodeString(payload); padded == nil {
		return &wrongClaims{Malformed, "the payload of the ticket is in base64: a JWT has base64url without padding"}
	}
	return &wrongClaims{Malformed, "the payload of the ticket is not base64url without padding"}
}

// wrongClaim names the claim that has a value of another kind, and what it must be.
func wrongClaim(payload string, wrong *json.SemanticError) error {
	path := strings.Trim(string(wrong.JSONPointer), "/")
	if path == "" {
		return &wrongClaims{BadClaims, "the payload of the ticket must be a JSON object of claims, not " + describeKind(wrong.JSONKind)}
	}
	name, inside, nested := strings.Cut(path, "/")
	must, known := mustBe[name]
	if !known {
		must = "the claim " + name + " is wrong"
	}
	if nested {
		must += "; element " + inside
	}
	is := wrong.JSONKind
	if is == 0 { // the error of a function has none
		is = kindOf(payload, name)
	}
	return &wrongClaims{BadClaims, fmt.Sprintf("the ticket cannot be used: %s, not %s", must, describeKind(is))}
}

// kindOf returns the kind of a claim.
func kindOf(payload, name string) jsontext.Kind {
	var all map[string]jsontext.Value
	if text, err := segments.DecodeString(payload); err != nil || json.Unmarshal(text, &all) != nil {
		return 0
	}
	return all[name].Kind()
}

// placeOf returns the name of the claim that a syntax error is about, as it stands in a sentence.
func placeOf(err error) string {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && syntax.JSONPointer != "" {
		return ": " + strings.TrimPrefix(string(syntax.JSONPointer), "/")
	}
	return ""
}

func describeKind(kind jsontext.Kind) string {
	switch kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case '[':
		return "a list"
	case '{':
		return "an object"
	default:
		return "another value"
	}
}

// milliseconds is a time after which a number of seconds is a mistake. It is in the year 5138. As milliseconds it is in
// 1973.
const milliseconds = 100_000_000_000

// checkDates refuses dates in milliseconds, the unit of JavaScript.
func (c *claims) checkDates() error {
	if c.ExpiresAt != nil && isMilliseconds(c.ExpiresAt.Time) {
		return inMilliseconds("the expiry (exp)")
	}
	if c.IssuedAt != nil && isMilliseconds(c.IssuedAt.Time) {
		return inMilliseconds("the time of issue (iat)")
	}
	if c.NotBefore != nil && isMilliseconds(c.NotBefore.Time) {
		return inMilliseconds("the time before which it is not valid (nbf)")
	}
	return nil
}

// isMilliseconds reports whether a date is one of this century if its number is read as milliseconds.
func isMilliseconds(date time.Time) bool {
	const year2100 = 4_102_444_800
	return date.Unix() > milliseconds && date.Unix()/1000 < year2100
}

func inMilliseconds(name string) error {
	return &wrongClaims{BadClaims, "the ticket cannot be used: " + name + " is in milliseconds, and must be in seconds since 1970"}
}
