package auth

import (
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

// refusal is why somebody is not let in: for metrics, for the client, for the log.
type refusal struct {
	result  Result
	message string // for the client
	cause   error  // for the log; holds nothing of the ticket but positions and names of claims
}

func refuse(result Result, message string) *refusal {
	return &refusal{result: result, message: message}
}

// failure tells a client whether trying again with the same can help: denied is final, failed is the
// server's own trouble.
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

// read verifies a ticket and gives what it says. The claims are nil unless the signature is one of
// ours: only then may they be believed, and only then is the client told what is wrong with them.
func (t *Tickets) read(ticket string) (*claims, *refusal) {
	const invalid = "this is no valid ticket: it must be a JWT, signed with HS256 and the secret of this server"
	if len(ticket) > maxTicketBytes {
		return nil, refuse(Malformed, "the ticket is too long")
	}
	c, err := t.open(ticket)
	switch {
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
	return c, &refusal{BadClaims, "the ticket lacks its expiry (exp) or another claim is wrong", err}
}

// open takes a ticket apart (RFC 7515, section 3.1). The signature comes first: nothing is decoded
// for a stranger, and that costs half of what decoding before it does (BenchmarkRedeem).
func (t *Tickets) open(ticket string) (*claims, error) {
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
	return c, decode(payload, c)
}

// verifySignature takes whatever stands in the header for HS256: "none" and public keys as secrets
// end here.
func (t *Tickets) verifySignature(signed, encoded string) error {
	signature, err := segments.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("decode the signature: %w", err)
	}
	for _, secret := range t.verify {
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

// segments is how the parts of a ticket are written: one text for each sequence of bytes.
var segments = base64.RawURLEncoding.Strict()

// reading is how JSON becomes claims.
var reading = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readValue), json.UnmarshalFromFunc(readDate), json.UnmarshalFromFunc(readAudience),
))

// readValue keeps whole numbers whole: rules compare ids, and ids do not survive being floats.
func readValue(decoder *jsontext.Decoder, value *any) error {
	if decoder.PeekKind() != '0' {
		return errors.ErrUnsupported // as usual
	}
	text, err := decoder.ReadValue()
	*value = numberOf(string(text))
	return err
}

// readDate spares the library's way for what nearly all dates are: whole seconds.
func readDate(decoder *jsontext.Decoder, date *jwt.NumericDate) error {
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

// readAudience takes a text or a list of them.
func readAudience(decoder *jsontext.Decoder, audience *jwt.ClaimStrings) error {
	if decoder.PeekKind() != '"' {
		return json.UnmarshalDecode(decoder, (*[]string)(audience))
	}
	token, err := decoder.ReadToken()
	*audience = jwt.ClaimStrings{token.String()}
	return err
}

// decode reads a part that is JSON. The error has nothing of its text but names and positions.
func decode(encoded string, into any) error {
	text, err := segments.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("decode base64: %w", err)
	}
	err = json.Unmarshal(text, into, reading)
	var wrong *json.SemanticError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%q is a JSON %s, which cannot be", wrong.JSONPointer, wrong.JSONKind)
	}
	return err
}

// checkLife refuses what lives longer than a used ticket is remembered, and what a session could
// not be made of.
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
