package oro

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// TicketLife is how long a ticket is good after the application has made it.
	TicketLife = 300 * time.Second
	// TicketAhead is how far the application's clock may be ahead of this server's.
	TicketAhead = 30 * time.Second
	// TicketMemory is how long a used ticket has to be remembered: from a ticket of the future until its end. Times have
	// the resolution of seconds, which adds one.
	TicketMemory = TicketAhead + TicketLife + time.Second

	// maxTicketBytes bounds the ticket in the address. A real one has some 200 bytes.
	maxTicketBytes = 4 << 10
	// maxNonceBytes and maxCreatedBytes bound texts that are hashed 5,000 times. Oro's have 16 and 25 bytes. Each
	// 128 bytes cost one more block in each round.
	maxNonceBytes   = 64
	maxCreatedBytes = 40

	// digestRounds is the number of SHA-512 hashes of a digest.
	digestRounds = 5000
	// digestText is the length of a digest in base64.
	digestText = 88
)

// ticket is a ticket as the application has made it, not checked yet:
//
//	base64( base64(digest) ";" username ";" nonce ";" created )
//
// An empty username is that of a backend.
type ticket struct {
	digest   [sha512.Size]byte
	username string
	nonce    string
	created  string    // as it was hashed
	at       time.Time // created; 1970 if it cannot be read
}

// hasTicketForm reports whether a text is built as Oro's tickets are. What stands in the parts does not matter. A JWT
// is no such ticket: lenient decoding makes its first byte a brace, and a digest has none.
func hasTicketForm(text string) bool {
	decoded := decodeLenient(text[:min(len(text), maxTicketBytes)])
	digest, rest, found := strings.Cut(decoded, ";")
	return found && strings.Count(rest, ";") >= 2 && strings.Trim(digest, base64Alphabet+"=") == ""
}

// parseTicket reads a ticket. An error says what is wrong with its form, and may be shown to the client.
func parseTicket(text string) (*ticket, error) {
	if len(text) > maxTicketBytes {
		return nil, fmt.Errorf("it has %d bytes; at most %d are taken", len(text), maxTicketBytes)
	}
	parts := strings.SplitN(decodeLenient(text), ";", 5) // what follows the fourth is ignored, as by Oro
	if len(parts) < 4 {
		return nil, errors.New("it must be base64 of digest;username;nonce;created")
	}
	t := &ticket{username: parts[1], nonce: parts[2], created: parts[3], at: parseCreated(parts[3])}
	switch {
	case !t.setDigest(parts[0]):
		return nil, errors.New("its digest is not base64 of 64 bytes")
	case utf8.RuneCountInString(t.username) > maxName:
		return nil, fmt.Errorf("its username has more than %d characters", maxName)
	case !utf8.ValidString(t.username) || strings.ContainsFunc(t.username, unicode.IsControl):
		return nil, errors.New("its username must be UTF-8 without control characters")
	case len(t.nonce) > maxNonceBytes:
		return nil, fmt.Errorf("its nonce has %d bytes; at most %d are taken", len(t.nonce), maxNonceBytes)
	case len(t.created) > maxCreatedBytes:
		return nil, fmt.Errorf("its date has %d bytes; at most %d are taken", len(t.created), maxCreatedBytes)
	}
	return t, nil
}

// setDigest takes the one spelling of a digest that Oro compares with.
func (t *ticket) setDigest(text string) bool {
	if len(text) != digestText {
		return false
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && copy(t.digest[:], decoded) == sha512.Size && len(decoded) == sha512.Size
}

// isBackend reports whether the ticket is that of a backend, which Oro calls anonymous.
func (t *ticket) isBackend() bool { return t.username == "" }

// checkTime returns a refusal unless now is within the ticket's life. Both limits are inclusive, and count whole
// seconds.
func (t *ticket) checkTime(now time.Time) *ticketRefusal {
	age := time.Duration(now.Unix()-t.at.Unix()) * time.Second
	switch {
	case age < -TicketAhead:
		return refuseTicket(Early, fmt.Sprintf("the ticket is from the future, by %s; at most %s are taken: compare the clocks of the application and of this server",
			-age, TicketAhead))
	case t.at.Unix() == 0:
		return refuseTicket(Outdated, "the date of the ticket cannot be read; it must be as 2026-11-28T06:20:06+00:00")
	case age > TicketLife:
		return refuseTicket(Outdated, fmt.Sprintf("the ticket is outdated: it was made at %s, and is good for %s: ask the application for a new one",
			t.at.UTC().Format(time.RFC3339), TicketLife))
	}
	return nil
}

// until returns when a checked ticket is outdated for sure.
func (t *ticket) until() time.Time { return t.at.Add(TicketLife + time.Second) }

// proof returns an id of the ticket's digest with all that was hashed into it, except for password and secret. The
// username is no part of it: the same ticket with the user's e-mail address in its place is the same ticket.
func (t *ticket) proof() [sha256.Size]byte {
	b := append(make([]byte, 0, 256), t.digest[:]...)
	b = append(append(b, t.nonce...), ';') // which no part contains
	return sha256.Sum256(append(b, t.created...))
}

// expected returns the digest that the ticket should have: of the password's hash as it is stored, or of the secret
// for a backend.
func (t *ticket) expected(password, secret string) [sha512.Size]byte {
	return iterate(t.hashed(password, secret))
}

// hashed returns the text that is hashed, behind room for a hash.
func (t *ticket) hashed(password, secret string) []byte {
	buffer := make([]byte, sha512.Size, sha512.Size+len(t.nonce)+len(t.created)+len(password)+len(secret)+len("||{}"))
	buffer = append(append(buffer, t.nonce...), '|')
	buffer = append(append(buffer, t.created...), '|')
	buffer = append(append(buffer, password...), '{')
	return append(append(buffer, secret...), '}')
}

// iterate hashes the text behind the first 64 bytes of a buffer, and then again and again behind the hash before. It
// allocates nothing.
func iterate(buffer []byte) [sha512.Size]byte {
	sum := sha512.Sum512(buffer[sha512.Size:])
	for range digestRounds - 1 {
		copy(buffer, sum[:])
		sum = sha512.Sum512(buffer)
	}
	return sum
}

// parseCreated reads ISO 8601 with an offset or Z, as PHP's date('c') writes it. It returns 1970 for what else PHP
// would read, or could not.
func parseCreated(created string) time.Time {
	const seconds = len("2006-01-02T15:04:05")
	never := time.Unix(0, 0)
	// time.Parse takes hours of one digit, and a comma before the fraction.
	if len(created) <= seconds || created[13] != ':' || created[16] != ':' || strings.Contains(created, ",") {
		return never
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07"} {
		if at, err := time.Parse(layout, created); err == nil {
			return at.Truncate(time.Second)
		}
	}
	return never
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeLenient decodes base64 as PHP's base64_decode does: it skips all characters outside of the alphabet, padding
// included, and drops a last character that stands alone.
func decodeLenient(text string) string {
	kept := make([]byte, 0, len(text))
	for i := range len(text) {
		if strings.IndexByte(base64Alphabet, text[i]) >= 0 {
			kept = append(kept, text[i])
		}
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	decoded, err := base64.RawStdEncoding.DecodeString(string(kept))
	if err != nil { // cannot be: all characters are of the alphabet
		return ""
	}
	return string(decoded)
}
