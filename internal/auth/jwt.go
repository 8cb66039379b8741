package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/wamp"
)

// refusal is the reason why a ticket is refused: for metrics, for the client and for the log.
type refusal struct {
	result  Result
	message string // for the client
	cause   error  // for the log; has positions and names of claims, but no other content of the ticket
}

func refuse(result Result, message string) *refusal {
	return &refusal{result: result, message: message}
}

// failure returns the error for the client. authentication_denied is final; authentication_failed is a fault of the
// server, so the client may try again.
func (r *refusal) failure() *wamp.Failure {
	if r.result == Unavailable {
		return wamp.Fail(wamp.ErrAuthenticationFailed, "%s", r.message)
	}
	return wamp.Fail(wamp.ErrAuthenticationDenied, "%s", r.message)
}

var (
	errParts     = errors.New("it has not three parts")
	errAlgorithm = errors.New("the header names another algorithm (alg)")
	errCritical  = errors.New("the header names extensions (crit) that must be understood")
)

// wrongClaims is the error of a ticket whose signature is valid and whose content is not. Only then is the client told
// what is wrong.
type wrongClaims struct {
	result  Result
	message string
}

func (e *wrongClaims) Error() string { return e.message }

// read verifies a ticket and returns its claims. The claims are nil unless the signature is valid. Only then may they
// be trusted, and only then is the client told what is wrong with them.
func (t *Tickets) read(ticket string) (*claims, *refusal) {
	const invalid = "this is no valid ticket: it must be a JWT, signed with HS256 and the secret of this server"
	if len(ticket) > maxTicketBytes {
		return nil, refuse(Malformed, "the ticket is too long")
	}
	c, err := t.parse(ticket)
	var wrong *wrongClaims
	switch {
	case errors.As(err, &wrong):
		return &claims{}, refuse(wrong.result, wrong.message)
	case errors.Is(err, jwt.ErrSignatureInvalid), errors.Is(err, errAlgorithm):
		return nil, &refusal{Forged, invalid, err}
	case err != nil:
		return nil, &refusal{Malformed, invalid, err}
	}
	err = t.validator.Validate(c)
	switch {
	case err == nil:
		return c, t.checkLife(c)
	case errors.Is(err, jwt.ErrTokenInvalidAudience), len(c.Audience) == 0:
		return c, refuse(WrongTarget, `the ticket is not for this server: its aud must be "`+Audience+`"`)
	case errors.Is(err, jwt.ErrTokenExpired):
		return c, refuse(Expired, "the ticket expired at "+c.ExpiresAt.UTC().Format(time.RFC3339)+": ask the application for a new one")
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued), errors.Is(err, jwt.ErrTokenNotValidYet):
		return c, refuse(Early, "the ticket is not valid yet: compare the clocks of the application and of this server")
	}
	return c, &refusal{BadClaims, "the ticket lacks its expiry (exp): give the seconds since 1970, at most " + t.ttl.String() + " from now", err}
}

// parse decodes a ticket (RFC 7515, section 3.1). It verifies the signature before it decodes any part, so that
// strangers cannot make the server decode. That order also halves the cost of a wrong ticket (BenchmarkRedeem).
func (t *Tickets) parse(ticket string) (*claims, error) {
	dot := strings.LastIndexByte(ticket, '.')
	if dot < 0 || strings.Count(ticket[:dot], ".") != 1 {
		return nil, errParts
	}
	signed := ticket[:dot]
	if err := t.verifySignature(signed, ticket[dot+1:]); err != nil {
		return nil, err
	}
	header, payload, _ := strings.Cut(signed, ".")
	if err := checkHeader(header); err != nil {
		return nil, err
	}
	c := &claims{}
	if err := decode(payload, c); err != nil {
		return nil, explainClaims(payload, err)
	}
	return c, c.checkDates()
}

// verifySignature verifies with HS256, whatever algorithm the header names. This defeats the algorithm "none" and
// public keys that are used as secrets.
func (t *Tickets) verifySignature(signed, encoded string) error {
	signature, err := segments.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("decode the signature: %w", err)
	}
	for _, secret := range t.verifyKeys {
		if err = jwt.SigningMethodHS256.Verify(signed, signature, secret); err == nil {
			return nil
		}
	}
	return err
}

// usualHeader is {"alg":"HS256","typ":"JWT"}, as this server and most libraries write it.
const usualHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

func checkHeader(encoded string) error {
	if encoded == usualHeader {
		return nil
	}
	var header struct {
		Algorithm string         `json:"alg"`
		Critical  jsontext.Value `json:"crit"`
	}
	switch err := decode(encoded, &header); {
	case err != nil:
		return err
	case header.Algorithm != jwt.SigningMethodHS256.Alg():
		return errAlgorithm
	case header.Critical != nil: // RFC 7515, section 4.1.11
		return errCritical
	}
	return nil
}

// segments is the encoding of a ticket's parts. It is strict, so that equal bytes have one text.
var segments = base64.RawURLEncoding.Strict()

// unmarshalOptions decode the JSON of claims.
var unmarshalOptions = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readValue), json.UnmarshalFromFunc(readDate), json.UnmarshalFromFunc(readAudience),
	json.UnmarshalFromFunc(readMap),
))

// readMap decodes an object. PHP writes an empty one as a list.
func readMap(decoder *jsontext.Decoder, m *claimMap) error {
	if decoder.PeekKind() != '[' {
		return json.UnmarshalDecode(decoder, (*map[string]any)(m))
	}
	text, err := decoder.ReadValue()
	if err == nil && len(bytes.TrimSpace(text[1:len(text)-1])) > 0 {
		return errors.New("is a list that is not empty")
	}
	return err
}

// readValue keeps integers as integers: rules compare ids, and a float64 cannot hold every id.
func readValue(decoder *jsontext.Decoder, value *any) error {
	if decoder.PeekKind() != '0' {
		return errors.ErrUnsupported // decoded by default
	}
	text, err := decoder.ReadValue()
	*value = parseNumber(string(text))
	return err
}

// readDate decodes dates of whole seconds, the usual form, faster than the library.
func readDate(decoder *jsontext.Decoder, date *jwt.NumericDate) error {
	if decoder.PeekKind() == '"' { // the library takes digits in quotes
		return errors.New("is a text")
	}
	text, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	if seconds, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		date.Time = time.Unix(seconds, 0)
		return nil
	}
	return date.UnmarshalJSON(text)
}

// readAudience decodes a string or a list of strings.
func readAudience(decoder *jsontext.Decoder, audience *jwt.ClaimStrings) error {
	if decoder.PeekKind() != '"' {
		return json.UnmarshalDecode(decoder, (*[]string)(audience))
	}
	token, err := decoder.ReadToken()
	*audience = jwt.ClaimStrings{token.String()}
	return err
}

// decode decodes a part that is JSON.
func decode(encoded string, into any) error {
	text, err := segments.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("decode base64: %w", err)
	}
	return json.Unmarshal(text, into, unmarshalOptions)
}

// checkLife refuses tickets that live longer than used tickets are remembered, and tickets with incomplete claims.
func (t *Tickets) checkLife(c *claims) *refusal {
	expires := c.ExpiresAt.Time
	tooLong := time.Until(expires) > t.ttl+Leeway
	if c.IssuedAt != nil {
		tooLong = tooLong || expires.Sub(c.IssuedAt.Time) > t.ttl
	}
	if tooLong {
		return refuse(BadClaims, "the ticket lives too long: exp may be at most "+t.ttl.String()+" after iat")
	}
	if err := c.check(); err != nil {
		return refuse(BadClaims, "the ticket is incomplete: "+err.Error())
	}
	return nil
}
