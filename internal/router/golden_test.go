package router_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "write what happened into testdata; read the diff")

// The files in testdata are conversations. A line that is not indented is a command (see script_test.go). The indented
// lines under a command are all messages and events that it caused.
func TestGoldenConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = replay(t, string(want)) })
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the conversation went otherwise (-want +got); if that is right, run with -rewrite:\n%s", diff)
			}
		})
	}
}

// replay runs the commands of a file and returns the file with the actual results. A line '---' begins again with an
// empty router.
func replay(t *testing.T, text string) string {
	var out strings.Builder
	s := newScript(t)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "    "):
			continue // a result from the time when the file was written
		case line == "---":
			s.close()
			s = newScript(t)
		}
		out.WriteString(line + "\n")
		if line == "" || line == "---" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, heard := range s.do(line) {
			out.WriteString("    " + heard + "\n")
		}
	}
	s.close()
	return out.String()
}
