package oro_test

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/oro"
)

const (
	secret  = "ThisTokenIsNotSoSecretChangeIt" // Oro's default
	created = "2026-11-28T06:20:06+00:00"
)

// vector is a ticket that Oro's own code has made.
type vector struct {
	username, password, nonce, created string
	firstHash                          string // its beginning
	digest, ticket                     string
}

var vectors = map[string]vector{
	"anna": {
		"anna", "$2y$13$Kq3nJt2o8bQ1uKpWm0d3XeH6iYc4rL9sTzVf5gBnA7jMxD2wE8oRu", "7e07cf94512934a0", created,
		"5743940fbf11a98985d8ec924ed58cd2",
		"Fh6yasufC5C2Z/r6Zt3DMrWCePd2qVAnntimxt/1i4NYU3x8R6sGTGgDlCEXnbmNDHWnHOm695TzML6qs5vm4g==",
		"Rmg2eWFzdWZDNUMyWi9yNlp0M0RNcldDZVBkMnFWQW5udGlteHQvMWk0TllVM3g4UjZzR1RHZ0RsQ0VYbmJtTkRIV25IT202OTVUek1MNnFzNXZtNGc9PTthbm5hOzdlMDdjZjk0NTEyOTM0YTA7MjAyNi0xMS0yOFQwNjoyMDowNiswMDowMA==",
	},
	"otto+ä": {
		"otto+ä", "$2y$13$s2Vv7Qm9kLpE4rTzUi6oXuA1cF3hJ5nB8dG0wY2xZ4qR6tV8mK1eS", "97aae948bc4b0fbe", created,
		"b38b91c4cbec265bac654c2138e6ce20",
		"0BXznKNiwz4K8+jtZwLuZpTDaNffiC3sJjO4VEDettggJvXOC/PNFtzFPI/5ae5KW9mTq3o9nRL3EbP9bhZN4Q==",
		"MEJYem5LTml3ejRLOCtqdFp3THVacFREYU5mZmlDM3NKak80VkVEZXR0Z2dKdlhPQy9QTkZ0ekZQSS81YWU1S1c5bVRxM285blJMM0ViUDliaFpONFE9PTtvdHRvK8OkOzk3YWFlOTQ4YmM0YjBmYmU7MjAyNi0xMS0yOFQwNjoyMDowNiswMDowMA==",
	},
	"bert": { // with an old hash, by SHA-512
		"bert", "m0cS3Tqk9vQd1lqv6eJr0Jg8x0mUu3Bf1o3p5Wc8S4hT6k2bQyZ7aD9eF1gH3iJ5kL7mN9oP==", "4d87e021f6577591", created,
		"3348493f7371c2574d1485ff21b709cb",
		"SEvbofBrw+aIdrkYwk1L9sr3myOSLVBJ34lPVDkHoZkEF9c38Mjcw/pJS0JsdhwLqvXCH5HiqUJ2SFSG56cr6w==",
		"U0V2Ym9mQnJ3K2FJZHJrWXdrMUw5c3IzbXlPU0xWQkozNGxQVkRrSG9aa0VGOWMzOE1qY3cvcEpTMEpzZGh3THF2WENINUhpcVVKMlNGU0c1NmNyNnc9PTtiZXJ0OzRkODdlMDIxZjY1Nzc1OTE7MjAyNi0xMS0yOFQwNjoyMDowNiswMDowMA==",
	},
	"backend": {
		"", secret, "79e9a8a72dc5a578", created,
		"4b5af347a0d7059f855a079e402e05a6",
		"cS4IZupHfL79t0uuRZn8chfD5DHsTqKwrvfs8i8fNV+7vUV0OHbA3I6w6jc1GrNQO5LxHRnD5SNzpPqEGzbZ5w==",
		"Y1M0SVp1cEhmTDc5dDB1dVJabjhjaGZENURIc1RxS3dydmZzOGk4Zk5WKzd2VVYwT0hiQTNJNnc2amMxR3JOUU81THhIUm5ENVNOenBQcUVHemJaNXc9PTs7NzllOWE4YTcyZGM1YTU3ODsyMDI2LTExLTI4VDA2OjIwOjA2KzAwOjAw",
	},
	"short": {
		"", "x", "0123456789abcdef", "2026-11-28T06:00:00+00:00", "",
		"BScGmSMO4QQBsMT3J0mDAsyv9ZE3fgBSuGL6blwOgmRHacTh1FA8ex1Yuinxgqi+brvBZATw3K1yLiHBCOunnA==", "",
	},
}

func TestTheTicketsOfOrosOwnCodeAreRead(t *testing.T) {
	for name, v := range vectors {
		t.Run(name, func(t *testing.T) {
			want := oro.ParsedTicket{Digest: v.digest, Username: v.username, Nonce: v.nonce, Created: v.created}
			if v.ticket != "" {
				if got, err := oro.ParseTicket(v.ticket); err != nil || got != want {
					t.Errorf("got %+v, %v; want %+v", got, err, want)
				}
			}
			if first := want.FirstHash(v.password, secret); !strings.HasPrefix(hex.EncodeToString(first[:]), v.firstHash) {
				t.Errorf("first hash %x, want %s...", first, v.firstHash)
			}
			if got := want.Expected(v.password, secret); got != v.digest {
				t.Errorf("digest %s, want %s", got, v.digest)
			}
			if got := want.Expected(v.password, secret+" "); got == v.digest {
				t.Error("another secret has the same digest")
			}
		})
	}
}

// phpBase64 is what PHP 8.2's base64_decode returned.
var phpBase64 = map[string]string{
	"": "", "YQ==": "a", "YWI=": "ab", "YWJj": "abc",
	"YQ=": "a", "YQ": "a", "YWI": "ab", "YWJjZA===": "abcd", "YWJj==": "abc", // padding may be missing, or too much
	"Y": "", "YWJjZ": "abc", "YWJjZGVmZ": "abcdef", // a character alone has too few bits
	"=": "", "=YQ==": "a", "Y=Q=": "a", "YW=Jj": "abc", // padding is skipped everywhere
	"YQ==YQ==": "a\x06\x10", "YQ==Y": "a\x06", "YQ==YW": "a\x06\x16", "YQ=YWJj": "a\x06\x16&", "YWJj====YWJj": "abcabc",
	" YQ==": "a", "Y Q = =": "a", "YQ==\n": "a", "Y\r\nQ==": "a", "Y\tQ==": "a", "Y\x00Q==": "a", "YQ==\x00": "a",
	"Y\xffQ==": "a", "YäQ==": "a", "Y.Q": "a", "Y;Q==": "a", "!!!!": "",
	"Y-Q==": "a", "Y_Q==": "a", "-_-_": "", // the alphabet for URLs is no part of it
	"++++": "\xfb\xef\xbe", "////": "\xff\xff\xff", "Y+Q=": "c\xe4", "Y/Q=": "c\xf4",
	"YR==": "a", "Yf==": "a", "YWL=": "ab", // bits that are left over
	"YWJk%3D": "abd\xdc", "YWI%3D": "ab7", "YW%2BJj": "am\x81&", // escaped twice
	"eyJhIjoxfQ.e30.c2ln": "{\"a\":1}\x07\xb7\xd1\xcd\xa5",
}

func TestBase64IsDecodedAsByPHP(t *testing.T) {
	for encoded, want := range phpBase64 {
		if got := oro.DecodeLenient(encoded); got != want {
			t.Errorf("%q is %q, and for PHP %q", encoded, got, want)
		}
	}
}

func TestBase64IsDecodedAsByThePHPOfThisMachine(t *testing.T) {
	php, err := exec.LookPath("php")
	if err != nil {
		t.Skip("SKIPPED: there is no php; Debian's package php-cli has it")
	}
	random := rand.New(rand.NewPCG(1, 2))
	const letters = "ABYZabyz019+/==-_ .;%\n\x00\xc3"
	var lines strings.Builder
	texts := make([]string, 5000)
	for i := range texts {
		text := make([]byte, random.IntN(24))
		for j := range text {
			text[j] = letters[random.IntN(len(letters))]
		}
		texts[i] = string(text)
		fmt.Fprintf(&lines, "%x\n", text)
	}
	command := exec.CommandContext(t.Context(), php, "-r",
		`while (($line = fgets(STDIN)) !== false) echo bin2hex(base64_decode(hex2bin(trim($line)))), "\n";`)
	command.Stdin = strings.NewReader(lines.String())
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoded := strings.Split(string(output), "\n")
	if len(decoded) != len(texts)+1 {
		t.Fatalf("PHP answered %d lines", len(decoded))
	}
	for i, text := range texts {
		if got := hex.EncodeToString([]byte(oro.DecodeLenient(text))); got != decoded[i] {
			t.Errorf("%q is %s, and for PHP %s", text, got, decoded[i])
		}
	}
}

func TestDatesAreRead(t *testing.T) {
	for created, want := range map[string]int64{ // as PHP 8.2's strtotime reads them
		"2026-11-28T06:20:06+00:00":           1795846806,
		"2026-11-28T06:20:06Z":                1795846806,
		"2026-11-28T06:20:06-00:00":           1795846806,
		"2026-11-28T06:20:06+01:00":           1795843206,
		"2026-11-28T06:20:06+0100":            1795843206,
		"2026-11-28T06:20:06+01":              1795843206,
		"2026-11-28T06:20:06+14:00":           1795796406,
		"2026-11-28T00:50:06-05:30":           1795846806,
		"2026-11-28T06:20:06.5+00:00":         1795846806,
		"2026-11-28T06:20:06.999999999+00:00": 1795846806,
	} {
		if got := oro.ParseCreated(created).Unix(); got != want {
			t.Errorf("%s is %d, want %d", created, got, want)
		}
	}
	for _, created := range []string{
		"", "now", "@1795846806", "1795846806", "2026-11-28", "2026-11-28T06:20:06", "2026-11-28T06:20+00:00", "2026-11-28 06:20:06+00:00",
		" 2026-11-28T06:20:06+00:00", "2026-11-28T06:20:06 00:00", "2026-11-28T06:20:06,5+00:00", "2026-11-28T6:20:06+00:00",
		"2026-13-01T06:20:06+00:00", "2026-02-30T06:20:06+00:00", "2026-11-28T25:00:00+00:00", "2026-11-28T06:20:06+99:00",
		"2026-11-28T06:20:06+00:00|", "+2026-11-28T06:20:06+00:00", "2026-11-28T06:20:06+00:00 +1 year", "tomorrow",
	} {
		if got := oro.ParseCreated(created); got.Unix() != 0 {
			t.Errorf("%q is %s, and should count as 1970", created, got)
		}
	}
}

// compose returns a ticket of parts as they stand.
func compose(parts ...string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Join(parts, ";")))
}

func TestTheFormTellsOrosTicketsFromOthers(t *testing.T) {
	tickets := oro.NewTickets(oro.TicketOptions{})
	anna := vectors["anna"].ticket
	for encoded, want := range map[string]bool{
		anna:                                 true,
		vectors["backend"].ticket:            true,
		strings.TrimRight(anna, "="):         true,
		" " + anna[:40] + "\n" + anna[40:]:   true,
		compose("x", "y", "z", "now"):        true,
		compose("x", "y", "z", "now", "..."): true,
		compose("x", "y", "z"):               false,
		compose(`{"a":1}`, "b", "c", "d"):    false,
		"":                                   false,
		";;;":                                false,
		"eyJhbGciOiJIUzI1NiJ9.eyJhIjoiOzs7OzsifQ.Ozs7Ozs7":   false, // a JWT, with semicolons in its claims and signature
		"eyJhIjoiOzs7OyJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlOzs7": false,
		"td_0123456789abcdefghijklmnopqrstuvwxyz":            false,
	} {
		if got := tickets.Redeems(encoded); got != want {
			t.Errorf("%q: %t, want %t", encoded, got, want)
		}
	}
}

func TestWhatIsNoTicketIsRefusedBeforeItCosts(t *testing.T) {
	digest := vectors["anna"].digest
	for _, test := range []struct{ ticket, problem string }{
		{"", "it must be base64 of digest;username;nonce;created"},
		{compose(digest, "anna", "nonce"), "it must be base64 of digest;username;nonce;created"},
		{strings.Repeat("A", 4097), "it has 4097 bytes; at most 4096 are taken"},
		{compose("", "anna", "n", created), "its digest is not base64 of 64 bytes"},
		{compose(digest[:80], "anna", "n", created), "its digest is not base64 of 64 bytes"},
		{compose(digest+"=", "anna", "n", created), "its digest is not base64 of 64 bytes"},
		{compose(digest[:86]+"\r\n", "anna", "n", created), "its digest is not base64 of 64 bytes"},
		{compose(digest[:85]+"h==", "anna", "n", created), "its digest is not base64 of 64 bytes"}, // another spelling of the same bytes
		{compose(digest, strings.Repeat("ä", 256), "n", created), "its username has more than 255 characters"},
		{compose(digest, "an\x00na", "n", created), "its username must be UTF-8 without control characters"},
		{compose(digest, "anna\n", "n", created), "its username must be UTF-8 without control characters"},
		{compose(digest, "anna\xff", "n", created), "its username must be UTF-8 without control characters"},
		{compose(digest, "anna\u0085", "n", created), "its username must be UTF-8 without control characters"},
		{compose(digest, "anna", strings.Repeat("n", 65), created), "its nonce has 65 bytes; at most 64 are taken"},
		{compose(digest, "anna", "n", strings.Repeat("2", 41)), "its date has 41 bytes; at most 40 are taken"},
	} {
		if _, err := oro.ParseTicket(test.ticket); err == nil || err.Error() != test.problem {
			t.Errorf("%q: %v, want %s", test.ticket, err, test.problem)
		}
	}
	if _, err := oro.ParseTicket(compose(digest, strings.Repeat("ä", 255), "n", created)); err != nil {
		t.Error(err)
	}
}

// FuzzTicket checks that a ticket that is read is one that Oro's algorithm takes, that its parts are bounded, and that
// each spelling of it has the same parts.
func FuzzTicket(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.ticket)
	}
	for encoded := range phpBase64 {
		f.Add(encoded)
	}
	f.Add(compose(vectors["anna"].digest, "anna", "n", "2026-11-28T06:20:06.5+01", "more"))
	tickets := oro.NewTickets(oro.TicketOptions{})
	f.Fuzz(func(t *testing.T, encoded string) {
		form := tickets.Redeems(encoded)
		parsed, err := oro.ParseTicket(encoded)
		if err != nil {
			if len(encoded) > 40 && strings.Contains(err.Error(), encoded) {
				t.Fatal("the error shows the ticket")
			}
			return
		}
		if !form {
			t.Fatalf("%q is read, and has not the form", encoded)
		}
		if sum, err := base64.StdEncoding.DecodeString(parsed.Digest); err != nil || len(sum) != sha512.Size {
			t.Fatalf("digest %q", parsed.Digest)
		}
		if len(parsed.Username) > 4*255 || len(parsed.Nonce) > 64 || strings.ContainsAny(parsed.Username, "\x00\n;") {
			t.Fatalf("%+v", parsed)
		}
		if at := oro.ParseCreated(parsed.Created); at.Unix() != 0 && !strings.HasPrefix(parsed.Created, at.In(at.Location()).Format("2006-01-02T15:04:05")) {
			t.Fatalf("%q is read as %s", parsed.Created, at)
		}
		again := compose(parsed.Digest, parsed.Username, parsed.Nonce, parsed.Created)
		if other, err := oro.ParseTicket("\n" + strings.TrimRight(again, "=")); err != nil || other != parsed {
			t.Fatalf("%+v, %v; want %+v", other, err, parsed)
		}
	})
}

func BenchmarkDigest(b *testing.B) {
	v := vectors["anna"]
	parsed := oro.ParsedTicket{Nonce: v.nonce, Created: v.created}
	b.ReportAllocs()
	for b.Loop() {
		if parsed.Expected(v.password, secret) != v.digest {
			b.Fatal("wrong")
		}
	}
}

// at is the time when the vectors were made.
var at = time.Date(2026, 11, 28, 6, 20, 6, 0, time.UTC)
