package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/httpapi"
)

// knocker asks for the topics with a key, from an address.
func knocker(t *testing.T, perMinute int) func(from, key string) *httptest.ResponseRecorder {
	t.Helper()
	api := newAPI(t, &fakes{}, func(o *httpapi.Options) { o.Attempts = attempts.New(attempts.Options{PerAddress: perMinute}) })
	return func(from, key string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/topics", nil)
		r.RemoteAddr = from + ":4711"
		if strings.Contains(from, ":") {
			r.RemoteAddr = "[" + from + "]:4711"
		}
		r.Header.Set("Authorization", "Bearer "+key)
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		return answer
	}
}

func TestAnAddressThatGuessesKeysIsSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		knock := knocker(t, 6)
		for i := range 6 {
			if got := knock("192.0.2.1", fmt.Sprint("guess", i)); got.Code != http.StatusUnauthorized {
				t.Fatalf("guess %d: %d", i, got.Code)
			}
		}
		got := knock("192.0.2.1", "guess")
		if got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "10" || got.Header().Get("Content-Type") != "application/problem+json" ||
			!strings.Contains(got.Body.String(), "limits.login_failures): try again in 10 s") {
			t.Errorf("one too many: %d %v %s", got.Code, got.Header(), got.Body)
		}
		if correct := knock("192.0.2.1", "topics"); correct.Code != http.StatusTooManyRequests || correct.Body.String() != got.Body.String() {
			t.Errorf("a correct guess can be told from a wrong one: %d %s", correct.Code, correct.Body)
		}
		if other := knock("192.0.2.2", "guess"); other.Code != http.StatusUnauthorized {
			t.Errorf("another address: %d", other.Code)
		}
		time.Sleep(10 * time.Second)
		if first, second := knock("192.0.2.1", "guess"), knock("192.0.2.1", "guess"); first.Code != 401 || second.Code != 429 {
			t.Errorf("after the wait: %d, %d", first.Code, second.Code)
		}
		time.Sleep(time.Minute)
		for i := range 7 {
			if got := knock("192.0.2.1", "guess"); (got.Code == 401) != (i < 6) {
				t.Errorf("a minute later, guess %d: %d", i, got.Code)
			}
		}
	})
}

func TestAKeyThatWasAcceptedFromAnAddressStaysUsableThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		knock := knocker(t, 3)
		if got := knock("192.0.2.1", "topics"); got.Code != http.StatusOK {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		for range 10 {
			knock("192.0.2.1", "guess")
		}
		if got := knock("192.0.2.1", "topics"); got.Code != http.StatusOK {
			t.Errorf("the same key from the same address: %d", got.Code)
		}
		if got := knock("192.0.2.1", "all"); got.Code != http.StatusTooManyRequests {
			t.Errorf("a key that is new there: %d", got.Code)
		}
		time.Sleep(20 * time.Second)
		if got := knock("192.0.2.1", "all"); got.Code != http.StatusOK {
			t.Errorf("after the wait: %d", got.Code)
		}
	})
}

// A site of IPv6 has more addresses than could be counted, so it counts as one.
func TestAddressesOfTheSameSiteShareABucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		knock := knocker(t, 1)
		for address, want := range map[string]int{"2001:db8::1": 401, "2001:db8:1::1": 401} {
			if got := knock(address, "guess"); got.Code != want {
				t.Errorf("%s: %d", address, got.Code)
			}
		}
		if got := knock("2001:db8::ffff:2", "guess"); got.Code != 429 {
			t.Errorf("%d", got.Code)
		}
	})
}

func TestMoreAddressesThanAreRememberedShareOneBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		knock := knocker(t, 2)
		flood := func(n int) (refused int) {
			for i := range n {
				if knock(fmt.Sprintf("10.%d.%d.1", i>>8, i&255), "guess").Code == 429 {
					refused++
				}
			}
			return refused
		}
		if refused := flood(10_000); refused != 0 {
			t.Errorf("%d of 10000 addresses refused at their first failure", refused)
		}
		for i, want := range []int{401, 401, 429} {
			if got := knock(fmt.Sprintf("192.0.2.%d", i), "guess"); got.Code != want {
				t.Errorf("address %d more: %d", i, got.Code)
			}
		}
		time.Sleep(time.Minute)
		if got := knock("192.0.2.9", "guess"); got.Code != 401 {
			t.Errorf("once the others are forgotten: %d", got.Code)
		}
	})
}

func TestARequestWithoutAKeyIsNoGuess(t *testing.T) {
	api := newAPI(t, &fakes{}, func(o *httpapi.Options) { o.Attempts = attempts.New(attempts.Options{PerAddress: 1}) })
	for range 3 {
		if got := (request{method: "GET", path: "topics"}).send(t, api); got.Code != 401 {
			t.Errorf("%d", got.Code)
		}
	}
}
