package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/oro/routing"
)

const importData = "../../internal/oro/routing/testdata/"

func TestImportedContractsPassTheCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "topics.yaml")
	for _, again := range []bool{false, true} { // its own file is replaced
		code, text := said(t, "import", "oro", "--config", importData+"shop/websocket_routing.yml", importData+"oro/websocket_routing.yml",
			"--services", importData+"shop/services.yml", "--output", file)
		if code != exitOK || !strings.HasSuffix(text, file+": 6 topic contracts, 9 left out because the server has them\n") {
			t.Fatal(again, code, text)
		}
	}
	if code, text := said(t, "check", file); code != exitOK || !strings.Contains(text, "is fine: 6 topic contracts") {
		t.Error(code, text)
	}
	code, text := said(t, "import", "oro", "--config", importData+"forms/routing.yml", "--config", importData+"forms/list.yaml", "--services", importData+"forms/services.yml")
	if code != exitOK || !strings.Contains(text, "\ntopics:\n") || !strings.Contains(text, "25 topic contracts, 1 left out for other reasons, which the file has\n") {
		t.Error(code, text)
	}
}

func TestImportOfAnApplicationReportsAllMistakesAndWritesNothing(t *testing.T) {
	folder := t.TempDir()
	routes, output := filepath.Join(folder, "routes.yml"), filepath.Join(folder, "out.yaml")
	for _, c := range []struct {
		routes string
		args   []string
		want   string
	}{
		{"a: {channel: x, handler: h}", nil, routes + ":1:26: the handler h of the route a is not known"},
		{"a: {channel: x, handler: h}", []string{"--secured", "h"}, routes + ":1:14: the route a is SecuredTopic, but not each of its topics"},
		{"a: {channel: wamp.x, handler: h}", []string{"--broadcast", "h"}, routes + ":1:14: its contract is refused: wamp. is reserved for the server; choose another"},
		{
			"a: {channel: 'x/{a}/b', handler: h, requirements: {a: '[0-9]+'}}\nb: {channel: 'x/{c}/{b}', handler: h, requirements: {c: '[0-9]|b', b: 'b|c'}}",
			[]string{"--broadcast", "h"},
			routes + ":2:14: its contract is refused: x/{c:[0-9]|b}/{b:b|c} can match the same topic as x/{a:[0-9]+}/b at " + routes + ":1:14; let one of them",
		},
		{
			"a: {channel: 'oro/{kind}/{user_id}', handler: h, requirements: {user_id: '\\d+'}}",
			[]string{"--secured", "h"},
			routes + ":1:14: its contract is refused: oro/{kind}/{user_id:\\d+} can match the same topic as oro/",
		},
		{"a: {channel: 'x/{a}', handler: h, requirements: {a: '([a-z]{900}){2}'}}", []string{"--broadcast", "h"}, routes + ":1:"},
		{"a: {channel: 'x/{a}', handler: h, requirements: {a: 'a([a-z]?){900}'}}", []string{"--broadcast", "h"}, routes + ":1:14: its contract is refused: the expression takes up to"},
		{"a: {channel: x, handler: acme.order}", []string{"--broadcast", "acme.order", "--skip", "acme.ordre"}, "--skip acme.ordre: no route has this handler; did you mean acme.order?"},
	} {
		if err := os.WriteFile(routes, []byte(c.routes), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"import", "oro", "--config", routes, "--output", output}, c.args...)
		code, text := said(t, args...)
		if code != exitFailed || !strings.Contains(text, c.want) || !strings.HasSuffix(text, ", and nothing is written\n") {
			t.Errorf("%s: %d %s", c.routes, code, text)
		}
		var answer struct {
			OK       bool
			Problems []problemJSON
		}
		code, text = said(t, append(args, "--json")...)
		if err := json.Unmarshal([]byte(text), &answer); err != nil || code != exitFailed || answer.OK || len(answer.Problems) == 0 {
			t.Errorf("%v %d %s", err, code, text)
		}
		if _, err := os.Stat(output); err == nil {
			t.Error("a file was written")
		}
	}
}

func TestImportReplacesNoFileOfAnotherOrigin(t *testing.T) {
	folder := t.TempDir()
	routes := filepath.Join(folder, "routes.yml")
	if err := os.WriteFile(routes, []byte("a: {channel: x, handler: h}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, text := said(t, "import", "oro", "--config", routes, "--broadcast", "h", "--output", routes); code != exitFailed || !strings.Contains(text, "is there already, and not from this command") {
		t.Error(code, text)
	}
	code, text := said(t, "import", "oro", "--config", routes, "--broadcast", "h", "--json")
	if code != exitOK || !strings.Contains(text, `"contracts":1,"ok":true,"problems":[],"warnings":[],"yaml":"`+routing.Mark) {
		t.Error(code, text)
	}
	if code, text := said(t, "import", "oro", "--config"); code != exitUsage || !strings.Contains(text, "--config: expected the name of a file") {
		t.Error(code, text)
	}
}
