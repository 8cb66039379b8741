//go:build !without_content

package tidings_test

import (
	"context"
	"testing"

	tidings "github.com/tidings-io/tidings"
)

func TestAChangeOfContentIsToldToItsWatchers(t *testing.T) {
	server := runFiles(t, filesWith(shop+"content:\n  order.{id:int}: {watch: \"true\"}\n"), func(*tidings.Server) {})
	own := subscribe(t, join(t, server, "ann"), "tidings.content.order.42")
	other := subscribe(t, join(t, server, "ben"), "tidings.content.order.42")
	n, err := server.ContentChanged(t.Context(), tidings.Change{
		Tags: []string{"order.42"}, Author: &tidings.Author{ID: "ann", Name: "Ann"}, Tab: "tab-of-ann", Version: "2", Fields: []string{"status"},
	})
	if err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if e := next(t, other); e.Kwargs["version"] != "2" {
		t.Errorf("%v", e.Kwargs)
	}
	if len(own) > 0 {
		t.Error("the page that made the change was told of it")
	}
	if _, err := server.ContentChanged(t.Context(), tidings.Change{}); err == nil {
		t.Error("a change of nothing was told")
	}
}

func TestAChangeOfNothingIsAnError(t *testing.T) {
	var none context.Context
	server := run(t, func(*tidings.Server) {})
	wantText(t, failed(server.ContentChanged(t.Context(), tidings.Change{})), "tags is missing")
	wantText(t, failed(server.ContentChanged(none, tidings.Change{Tags: []string{"a"}})), "the context is nil: use context.Background()")
}
