//go:build linux

package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheFilesForOroAreAccepted(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary; runs without -short")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command(path, "check", filepath.Join(root, "deploy/oro/tidings.yaml"))
	check.Env = os.Environ()
	for line := range strings.Lines(read(t, "oro/oro.env")) {
		if !strings.HasPrefix(line, "#") {
			check.Env = append(check.Env, strings.TrimSpace(line))
		}
	}
	if out, err := check.CombinedOutput(); err != nil || !strings.Contains(string(out), "9 Oro topics") {
		t.Errorf("tidings check: %v\n%s", err, out)
	}
	supervisor := read(t, "oro/supervisor.conf")
	for _, variable := range []string{"ORO_SECRET", "ORO_DB_URL", "ORO_WEBSOCKET_SERVER_DSN", "OPERATOR_KEY"} {
		if !strings.Contains(supervisor, variable+"=") || !strings.Contains(read(t, "oro/oro.env"), "\n"+variable+"=") {
			t.Errorf("%s is missing in supervisor.conf or oro.env", variable)
		}
	}
}

func TestNginxAcceptsTheLocationForOro(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		fmt.Println("SKIPPED: deploy/oro/nginx.conf, because nginx is missing. Install it (Debian: make tools).")
		t.SkipNow()
	}
	folder := folderFor(t)
	main := fmt.Sprintf("pid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %[1]s/b;\nproxy_temp_path %[1]s/p;\n"+
		"fastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\nserver {\nlisten 127.0.0.1:18080;\n%[2]s}\n}\n", folder, read(t, "oro/nginx.conf"))
	file := filepath.Join(folder, "main")
	if err := os.WriteFile(file, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-t", "-p", folder, "-c", file).CombinedOutput(); err != nil {
		t.Errorf("nginx -t: %v\n%s", err, out)
	}
}
