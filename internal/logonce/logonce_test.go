package logonce_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/logonce"
)

func TestALineIsWrittenOnceAndAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := logonce.New(logonce.Options{Again: time.Minute})
		if got := s.Next("a"); got != (logonce.Turn{Write: true}) {
			t.Errorf("the first: %+v", got)
		}
		for range 3 {
			time.Sleep(19 * time.Second)
			if got := s.Next("a"); got != (logonce.Turn{}) {
				t.Errorf("the same: %+v", got)
			}
		}
		if got := s.Next("b"); !got.Write {
			t.Errorf("another: %+v", got)
		}
		time.Sleep(3 * time.Second)
		if got := s.Next("a"); got != (logonce.Turn{Write: true, Left: 3}) {
			t.Errorf("after a minute: %+v", got)
		}
	})
}

func TestKeysThatFindNoRoomShareALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := logonce.New(logonce.Options{Most: 2, Again: time.Minute})
		s.Next("a")
		time.Sleep(30 * time.Second)
		s.Next("b")
		if got := s.Next("c"); got != (logonce.Turn{Write: true, Full: true}) {
			t.Errorf("one too many: %+v", got)
		}
		for i := range 1000 {
			if got := s.Next(fmt.Sprint(i)); got.Write {
				t.Fatalf("key %d is written: %+v", i, got)
			}
		}
		time.Sleep(30 * time.Second) // "a" is forgotten, "b" is not
		if got := s.Next("d"); got != (logonce.Turn{Write: true}) {
			t.Errorf("after a has made room: %+v", got)
		}
		if got := s.Next("b"); got.Write {
			t.Errorf("b again: %+v", got)
		}
		if got := s.Next("e"); got != (logonce.Turn{Full: true}) {
			t.Errorf("no room again: %+v", got)
		}
		time.Sleep(30 * time.Second) // "b" is forgotten
		s.Next("f")
		if got := s.Next("g"); got != (logonce.Turn{Write: true, Full: true, Left: 1001}) {
			t.Errorf("no room a minute later: %+v", got)
		}
	})
}

func TestALongKeyIsCut(t *testing.T) {
	s := logonce.New(logonce.Options{})
	if first, same := s.Next(strings.Repeat("x", 5000)), s.Next(strings.Repeat("x", 300)); !first.Write || same.Write {
		t.Errorf("%+v %+v", first, same)
	}
}
