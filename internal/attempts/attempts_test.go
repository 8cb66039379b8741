package attempts_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/attempts"
)

func from(address, account string) attempts.Attempt {
	return attempts.Attempt{From: netip.MustParseAddr(address), Account: account}
}

// guesses returns how many of n attempts may be checked, each of which fails.
func guesses(l *attempts.Limit, a attempts.Attempt, n int) (checked int) {
	for range n {
		if l.Wait(a) == 0 {
			l.Failed(a)
			checked++
		}
	}
	return checked
}

func TestAnAddressHasSoManyGuessesInAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 6})
		checked := 0
		for i := range 100 {
			checked += guesses(l, from("192.0.2.1", fmt.Sprint("user", i)), 1)
		}
		if checked != 6 {
			t.Errorf("%d of 100 guesses were checked", checked)
		}
		if wait := l.Wait(from("192.0.2.1", "another")); wait != 10*time.Second {
			t.Errorf("the next one waits %s", wait)
		}
		if wait := l.Wait(from("192.0.2.2", "another")); wait != 0 {
			t.Errorf("another address waits %s", wait)
		}
		time.Sleep(time.Minute)
		if n := guesses(l, from("192.0.2.1", "x"), 100); n != 6 {
			t.Errorf("a minute later %d guesses were checked", n)
		}
	})
}

func TestSuccessfulLoginsTakeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 2})
		for i := range 1000 {
			a := from("192.0.2.1", fmt.Sprint("user", i))
			if wait := l.Wait(a); wait != 0 {
				t.Fatalf("user %d waits %s", i, wait)
			}
			l.Succeeded(a)
		}
	})
}

func TestManyAddressesShareTheGuessesAtOneAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 5, PerAccount: 20})
		l.Succeeded(from("198.51.100.1", "ann"))
		checked := 0
		for i := range 1000 {
			checked += guesses(l, from(fmt.Sprintf("10.0.%d.%d", i>>8, i&255), "ann"), 5)
		}
		if checked != 20 {
			t.Errorf("%d guesses at one account were checked", checked)
		}
		if wait := l.Wait(from("198.51.100.1", "ann")); wait != 0 {
			t.Errorf("the user is locked out for %s at a known address", wait)
		}
		if wait := l.Wait(from("198.51.100.2", "ben")); wait != 0 {
			t.Errorf("another user waits %s", wait)
		}
		if wait := l.Wait(from("198.51.100.3", "ann")); wait != 3*time.Second {
			t.Errorf("the user waits %s at a new address", wait)
		}
	})
}

func TestOneAddressCannotLockAUserOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{})
		for range 100 {
			guesses(l, from("192.0.2.1", "ann"), 100)
			if wait := l.Wait(from("198.51.100.1", "ann")); wait != 0 {
				t.Fatalf("the user waits %s at a new address", wait)
			}
			time.Sleep(time.Second)
		}
	})
}

// A colleague is behind the same address as the user.
func TestGuessesFromAKnownAddressAreFewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 30})
		for _, user := range []string{"ann", "ben"} {
			l.Succeeded(from("192.0.2.1", user))
		}
		if n := guesses(l, from("192.0.2.1", "ann"), 100); n != 10 {
			t.Errorf("%d guesses were checked", n)
		}
		if wait := l.Wait(from("192.0.2.1", "ben")); wait != 0 {
			t.Errorf("another user of that address waits %s", wait)
		}
	})
}

// Attempts that are checked at the same time all find the bucket full. They are paid for afterwards, but not for ever.
func TestAttemptsThatWereCheckedAtTheSameTimeAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 6})
		for range 8 {
			l.Failed(from("192.0.2.1", "ann"))
		}
		if wait := l.Wait(from("192.0.2.1", "ann")); wait != 30*time.Second {
			t.Errorf("two too many: %s", wait)
		}
		for range 1000 {
			l.Failed(from("192.0.2.1", "ann"))
		}
		if wait := l.Wait(from("192.0.2.1", "ben")); wait > 70*time.Second {
			t.Errorf("very many: %s", wait)
		}
	})
}

func TestAddressesAreCountedBySite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, same := range map[[2]string]bool{
			{"2001:db8::1", "2001:db8::ffff:2"}:       true,
			{"2001:db8::1", "2001:db8:0:1::1"}:        false,
			{"192.0.2.1", "::ffff:192.0.2.1"}:         true,
			{"192.0.2.1", "192.0.2.2"}:                false,
			{"fe80::1%eth0", "fe80::2%eth1"}:          true,
			{"::ffff:192.0.2.1", "::ffff:192.0.2.99"}: false,
		} {
			l := attempts.New(attempts.Options{PerAddress: 1})
			l.Failed(from(name[0], ""))
			if waits := l.Wait(from(name[1], "")) > 0; waits != same {
				t.Errorf("%v: %t", name, waits)
			}
		}
		l := attempts.New(attempts.Options{PerAddress: 1})
		l.Failed(attempts.Attempt{})
		if l.Wait(attempts.Attempt{}) == 0 {
			t.Error("connections without an address are not counted")
		}
	})
}

// No number of names makes an account wait that was not tried, nor lets one through that was.
func TestJunkAccountsNeitherHideNorHoldBackOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 100_000, PerAccount: 3})
		for range 3 {
			l.Failed(from("192.0.2.1", "ann"))
		}
		for i := range 20_000 {
			l.Failed(from("192.0.2.2", fmt.Sprint("junk", i)))
		}
		if l.Wait(from("192.0.2.3", "ann")) == 0 {
			t.Error("the guesses at an account were forgotten")
		}
		held := 0
		for i := range 1000 {
			if l.Wait(from("192.0.2.3", fmt.Sprint("user", i))) > 0 {
				held++
			}
		}
		if held > 50 { // 3 of some 1.2 failures in a cell are rare, in both rows very rare
			t.Errorf("%d of 1000 accounts wait that were not tried", held)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := attempts.New(attempts.Options{PerAddress: 3})
		for i := range 50_000 {
			a := from(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), fmt.Sprint("user", i))
			l.Succeeded(a)
			l.Failed(a)
		}
		sites, places, known := l.Sizes()
		if sites > 10_001 || places > 10_001 || known > 20_000 {
			t.Errorf("%d sites, %d places and %d accounts are remembered", sites, places, known)
		}
		for i := range 100 {
			l.Succeeded(from(fmt.Sprintf("192.0.2.%d", i), "erp"))
		}
		if l.Knows(from("192.0.2.0", "erp")) || !l.Knows(from("192.0.2.99", "erp")) {
			t.Error("an account remembers other places than its latest")
		}
	})
}
