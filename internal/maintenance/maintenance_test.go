package maintenance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/maintenance"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func open(t testing.TB, s feature.Store) (*maintenance.Component, *router.Router) {
	t.Helper()
	r, realm := routertest.Realm()
	c := maintenance.New(maintenance.Options{Store: s, OperatorRoles: []string{"operator"}})
	end, err := c.Open(t.Context(), realm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return c, r
}

func on(t testing.TB, c *maintenance.Component, start maintenance.Start) maintenance.State {
	t.Helper()
	state, err := c.On(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func off(t testing.TB, c *maintenance.Component, by string) maintenance.State {
	t.Helper()
	state, err := c.Off(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// page opens a page that follows the state, and gives what it is told at once.
func page(t testing.TB, r *router.Router) (*routertest.Client, wamp.Dict) {
	t.Helper()
	c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")})
	c.Subscribe(maintenance.Topic, wamp.MatchExact)
	return c, c.Event()
}

var ignoreTime = cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "revision" || key == "since" })

func TestEveryOpenPageIsToldThatMaintenanceBeginsAndEnds(t *testing.T) {
	c, r := open(t, &store{})
	ann, first := page(t, r)
	ben, _ := page(t, r)
	want := wamp.Dict{"on": false, "message": "", "by": "", "operators": []any{}, "operator_roles": []any{"operator"}}
	if diff := cmp.Diff(want, first, ignoreTime); diff != "" || first["since"] != nil {
		t.Errorf("at first %v\n%s", first, diff)
	}

	on(t, c, maintenance.Start{Message: "Back at 14:00", By: "olga", Operators: []string{"7", "42", "7"}})
	want = wamp.Dict{"on": true, "message": "Back at 14:00", "by": "olga", "operators": []any{"42", "7"}, "operator_roles": []any{"operator"}}
	for _, p := range []*routertest.Client{ann, ben} {
		heard := p.Events()
		if len(heard) != 1 {
			t.Fatalf("heard %v", heard)
		}
		if diff := cmp.Diff(want, heard[0], ignoreTime); diff != "" {
			t.Error(diff)
		}
		since, ok := heard[0]["since"].(string)
		if at, err := time.Parse(time.RFC3339, since); !ok || err != nil || time.Since(at) > time.Minute {
			t.Errorf("since %v", heard[0]["since"])
		}
	}

	off(t, c, "olga")
	want = wamp.Dict{"on": false, "message": "", "by": "olga", "operators": []any{}, "operator_roles": []any{"operator"}}
	heard := ann.Events()
	if len(heard) != 1 || heard[0]["since"] != nil {
		t.Fatalf("heard %v", heard)
	}
	if diff := cmp.Diff(want, heard[0], ignoreTime); diff != "" {
		t.Error(diff)
	}
}

func TestAPageThatOpensDuringMaintenanceGetsTheStateAtOnceAndNoOtherPageDoes(t *testing.T) {
	c, r := open(t, &store{})
	early, _ := page(t, r)
	state := on(t, c, maintenance.Start{Message: "Back at 14:00"})
	early.Events()

	late, first := page(t, r)
	if first["on"] != true || first["message"] != "Back at 14:00" || first["revision"] != state.Revision {
		t.Errorf("it is told %v", first)
	}
	if heard := early.Events(); len(heard) != 0 {
		t.Errorf("others heard %v", heard)
	}
	if heard := late.Events(); len(heard) != 0 {
		t.Errorf("it heard it twice: %v", heard)
	}
}

func TestRepeatingARequestChangesNothing(t *testing.T) {
	c, r := open(t, &store{})
	ann, _ := page(t, r)
	before := c.Status()
	if after := off(t, c, "olga"); after.Revision != before.Revision || after.By != "" {
		t.Errorf("off while off: %+v", after)
	}
	first := on(t, c, maintenance.Start{Message: "Back soon", By: "olga", Operators: []string{"1", "2"}})
	again := on(t, c, maintenance.Start{Message: "Back soon", By: "piet", Operators: []string{"2", "1"}})
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	if heard := ann.Events(); len(heard) != 1 {
		t.Errorf("heard %v", heard)
	}
}

func TestAnotherMessageIsTheSameMaintenance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t, &store{})
		ann, _ := page(t, r)
		first := on(t, c, maintenance.Start{Message: "Back at 14:00", By: "olga"})
		time.Sleep(time.Hour)
		second := on(t, c, maintenance.Start{Message: "Back at 15:00", By: "piet"})
		if !second.Since.Equal(*first.Since) || second.By != "piet" || second.Revision <= first.Revision {
			t.Errorf("%+v after %+v", second, first)
		}
		if heard := ann.Events(); len(heard) != 2 || heard[1]["message"] != "Back at 15:00" {
			t.Errorf("heard %v", heard)
		}
	})
}

func TestTheStateOutlivesTheServer(t *testing.T) {
	s := &store{}
	c, _ := open(t, s)
	want := on(t, c, maintenance.Start{Message: "Back at 14:00", By: "olga", Operators: []string{"42"}})

	c, r := open(t, s)
	if diff := cmp.Diff(want, c.Status()); diff != "" {
		t.Error(diff)
	}
	if _, first := page(t, r); first["on"] != true {
		t.Errorf("a page is told %v", first)
	}
	if state := off(t, c, "olga"); state.On || state.Revision <= want.Revision {
		t.Errorf("then it is %+v", state)
	}
}

func TestRevisionsGrowAlsoWhenTheStoreForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := open(t, &store{})
		last := c.Status().Revision
		for round := range 3 {
			time.Sleep(time.Millisecond)
			c, _ = open(t, &store{})
			for step, state := range []maintenance.State{c.Status(), on(t, c, maintenance.Start{}), off(t, c, "")} {
				if state.Revision <= last {
					t.Fatalf("round %d, step %d: revision %d after %d", round, step, state.Revision, last)
				}
				last = state.Revision
			}
			time.Sleep(time.Second)
		}
	})
}

func TestAChangeOnOneNodeIsPublishedOnAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		here, r := open(t, s)
		there, far := open(t, s)
		ann, _ := page(t, r)
		ben, _ := page(t, far)

		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, c := range []*maintenance.Component{here, there} {
			wg.Go(func() {
				if err := c.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		want := on(t, here, maintenance.Start{Message: "Back soon"})
		synctest.Wait()
		if diff := cmp.Diff(want, there.Status()); diff != "" {
			t.Error(diff)
		}
		for name, p := range map[string]*routertest.Client{"here": ann, "there": ben} {
			if heard := p.Events(); len(heard) != 1 || heard[0]["on"] != true {
				t.Errorf("%s heard %v", name, heard)
			}
		}
		off(t, there, "olga")
		if heard := ann.Event(); here.Status().On || heard["on"] != false {
			t.Errorf("here it is %+v, heard %v", here.Status(), heard)
		}
		cancel()
		wg.Wait()
	})
}

func TestAChangeThatLosesARaceIsDecidedAgain(t *testing.T) {
	s := &store{}
	here, r := open(t, s)
	there, _ := open(t, s)
	ann, _ := page(t, r)
	s.beforeSave = func() { on(t, there, maintenance.Start{Message: "theirs"}) }
	state := on(t, here, maintenance.Start{Message: "ours"})
	if state.Message != "ours" || here.Status().Message != "ours" {
		t.Errorf("it is %+v", state)
	}
	heard := ann.Events()
	if len(heard) != 2 || heard[0]["message"] != "theirs" || heard[1]["message"] != "ours" {
		t.Errorf("heard %v", heard)
	}
}

func TestAStoreThatDoesNotAnswerChangesNothing(t *testing.T) {
	s := &store{}
	c, r := open(t, s)
	ann, _ := page(t, r)
	s.broken = errBroken
	_, err := c.On(t.Context(), maintenance.Start{Message: "Back soon"})
	var failure *wamp.Failure
	if !errors.As(err, &failure) || failure.URI != wamp.ErrUnavailable || !strings.Contains(failure.Message, "the disk is full") {
		t.Errorf("got %v", err)
	}
	if c.Status().On || len(ann.Events()) != 0 {
		t.Error("it was told although it is not stored")
	}
	_, realm := routertest.Realm()
	if _, err := maintenance.New(maintenance.Options{Store: s}).Open(t.Context(), realm); !errors.Is(err, errBroken) {
		t.Errorf("open: %v", err)
	}
	if err := c.Run(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("run: %v", err)
	}
}

func TestAStoredStateThatCannotBeReadIsAnError(t *testing.T) {
	_, realm := routertest.Realm()
	c := maintenance.New(maintenance.Options{Store: &store{value: []byte("{"), version: 1}})
	if _, err := c.Open(t.Context(), realm); err == nil || !strings.Contains(err.Error(), "stored state") {
		t.Errorf("got %v", err)
	}
}

func TestWhatPagesCannotShowIsRefused(t *testing.T) {
	c, r := open(t, &store{})
	ann, _ := page(t, r)
	on(t, c, maintenance.Start{Message: strings.Repeat("ö", 2000)})
	off(t, c, "")
	ann.Events()
	for name, start := range map[string]maintenance.Start{
		"a long message":     {Message: strings.Repeat("ö", 2001)},
		"a message of bytes": {Message: "\xff"},
		"a binary message":   {Message: "\x00AA=="},
		"many operators":     {Operators: make([]string, 101)},
		"a nameless one":     {Operators: []string{""}},
		"a long one":         {Operators: []string{strings.Repeat("x", 257)}},
		"a long author":      {By: strings.Repeat("x", 257)},
	} {
		_, err := c.On(t.Context(), start)
		var failure *wamp.Failure
		if !errors.As(err, &failure) || failure.URI != wamp.ErrInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Off(t.Context(), "\n"); err == nil {
		t.Error("off by a line break was accepted")
	}
	if heard := ann.Events(); len(heard) != 0 {
		t.Errorf("heard %v", heard)
	}
}

func TestTheLastEventOfEverySessionHasTheLatestState(t *testing.T) {
	c, r := open(t, &store{})
	pages := make([][]*routertest.Client, 8)
	var wg sync.WaitGroup
	for i := range pages {
		wg.Go(func() {
			for range 20 {
				p := routertest.Join(t, r, routertest.Page{Identity: routertest.Person(fmt.Sprint("user", i))})
				p.Subscribe(maintenance.Topic, wamp.MatchExact)
				pages[i] = append(pages[i], p)
			}
		})
		wg.Go(func() {
			for n := range 20 {
				if _, err := c.On(t.Context(), maintenance.Start{Message: fmt.Sprint(i, n)}); err != nil && !strings.Contains(err.Error(), "try again") {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, p := range slices.Concat(pages...) {
		all := p.Events()
		if last := all[len(all)-1]; last["revision"] != c.Status().Revision {
			t.Fatalf("a page heard %v last, not %+v", last, c.Status())
		}
	}
}
