//go:build unix

// Package deploy_test tries the files of deploy/ with the programs that they are for: each proxy in front of the real
// server, and the rules and dashboards against its metrics. The programs run on loopback addresses, as an ordinary user,
// with files in a temporary folder.
package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// proxy describes how to run one proxy with a file of deploy/.
type proxy struct {
	name, file string
	program    string
	// arguments run it in the foreground with the configuration in a folder.
	arguments func(folder string) []string
	// wrap returns the files around the one of deploy/, which is in the folder as "site".
	wrap func(folder, port string) map[string]string
	// short replaces the idle time-out by two seconds.
	short *strings.Replacer
	sites []site
}

// site is a way to reach the server through a proxy.
type site struct{ name, host, prefix string }

var (
	sameHost  = site{"same host", "erp.example.com", ""}
	prefixed  = site{"prefix", "erp.example.com", "/tidings"}
	subdomain = site{"subdomain", "tidings.example.com", ""}
	all       = []site{sameHost, prefixed, subdomain}
)

func nginx(file string, s site) proxy {
	return proxy{
		name: "nginx, " + s.name, file: "nginx/" + file, program: "nginx", sites: []site{s},
		short:     strings.NewReplacer("75s", "2s"),
		arguments: func(folder string) []string { return []string{"-p", folder, "-c", filepath.Join(folder, "main")} },
		wrap: func(folder, _ string) map[string]string {
			paths := ""
			for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
				paths += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, folder, kind)
			}
			return map[string]string{"main": "daemon off;\nworker_processes 1;\npid " + folder + "/pid;\nerror_log stderr;\n" +
				"events { worker_connections 256; }\nhttp {\naccess_log off;\n" + paths + "include " + folder + "/site;\n}\n"}
		},
	}
}

var proxies = []proxy{
	nginx("same-host.conf", sameHost),
	nginx("prefix.conf", prefixed),
	nginx("subdomain.conf", subdomain),
	{
		name: "Caddy", file: "caddy/Caddyfile", program: "caddy", sites: all, short: strings.NewReplacer(),
		arguments: func(folder string) []string {
			return []string{"run", "--adapter", "caddyfile", "--config", filepath.Join(folder, "main")}
		},
		wrap: func(folder, port string) map[string]string {
			text, err := os.ReadFile(filepath.Join(folder, "site"))
			if err != nil {
				panic(err)
			}
			addresses := strings.NewReplacer("\nerp.example.com {", "\nhttps://erp.example.com:"+port+" {",
				"\ntidings.example.com {", "\nhttps://tidings.example.com:"+port+" {")
			return map[string]string{"main": "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n" +
				"\tstorage file_system " + folder + "\n}\n" + addresses.Replace("\n"+string(text))}
		},
	},
	{
		name: "HAProxy", file: "haproxy/haproxy.cfg", program: "haproxy", sites: all, short: strings.NewReplacer("75s", "2s"),
		arguments: func(folder string) []string { return []string{"-db", "-f", filepath.Join(folder, "site")} },
	},
	{
		name: "Apache", file: "apache/tidings.conf", program: "apache2", sites: all,
		short:     strings.NewReplacer("ProxyTimeout 75", "ProxyTimeout 2"),
		arguments: func(folder string) []string { return []string{"-D", "FOREGROUND", "-f", filepath.Join(folder, "main")} },
		wrap: func(folder, port string) map[string]string {
			modules := ""
			for _, name := range []string{"mpm_event", "authz_core", "ssl", "proxy", "proxy_http", "headers"} {
				modules += fmt.Sprintf("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", name, name)
			}
			return map[string]string{"main": modules + "ServerRoot " + folder + "\nDefaultRuntimeDir " + folder +
				"\nPidFile " + folder + "/pid\nErrorLog " + folder + "/log\nServerName localhost\n" +
				"Listen 127.0.0.1:" + port + "\nThreadsPerChild 32\nMaxRequestWorkers 64\nServerLimit 2\nStartServers 1\n" +
				"Include " + folder + "/site\n"}
		},
	},
}

func TestEveryProxyPassesTheServerOn(t *testing.T) {
	s := serve(t)
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(p.program)
			if err != nil {
				path, err = exec.LookPath("/usr/sbin/" + p.program)
			}
			if err != nil {
				fmt.Printf("SKIPPED: deploy/%s, because %s is missing. Install it (Debian: make tools).\n", p.file, p.program)
				t.SkipNow()
			}
			front := p.start(t, path, s)
			for _, site := range p.sites {
				t.Run(site.name, func(t *testing.T) {
					t.Parallel()
					v := &visitor{proxy: front, site: site, server: s, user: strings.ReplaceAll(p.name+"-"+site.name, " ", "-")}
					v.loadsTheSDK(t)
					v.asksWhy(t)
					v.getsNothingElse(t)
					v.usesLongPoll(t)
					v.staysConnected(t)
				})
			}
		})
	}
	fmt.Println("SKIPPED: deploy/traefik with Traefik, which Debian does not have; its names are checked.")
}

func TestThePageShowsTheFileForNginx(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/proxies.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, file, _ := strings.Cut(read(t, "nginx/same-host.conf"), "\nmap ") // behind the comment
	if !strings.Contains(string(page), "```nginx\nmap "+file+"```") {
		t.Error("docs/proxies.md does not show deploy/nginx/same-host.conf")
	}
}
