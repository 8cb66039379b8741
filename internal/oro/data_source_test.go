package oro_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/oro"
)

func TestURLsAreReadAsDoctrineReadsThem(t *testing.T) {
	type parts map[string]string
	for url, want := range map[string]parts{
		"postgres://oro_db_user:oro_db_pass@127.0.0.1/oro_db?sslmode=disable&charset=utf8&serverVersion=13.7": {
			"kind": "PostgreSQL", "user": "oro_db_user", "password": "oro_db_pass", "host": "127.0.0.1", "name": "oro_db", "sslmode": "disable",
		},
		"postgresql://root@db.example.com:5433/oro": {"kind": "PostgreSQL", "user": "root", "host": "db.example.com", "port": "5433", "name": "oro"},
		"pgsql://db/oro/":                                 {"kind": "PostgreSQL", "host": "db", "name": "oro"},
		"pdo_pgsql://db/oro":                              {"kind": "PostgreSQL", "host": "db", "name": "oro"},
		"pdo-pgsql://db/oro":                              {"kind": "PostgreSQL", "host": "db", "name": "oro"},
		"PDO-PGSQL://db/oro":                              {"kind": "PostgreSQL", "host": "db", "name": "oro"},
		"mysql://a:b@db/oro":                              {"kind": "MySQL", "user": "a", "password": "b", "host": "db", "name": "oro"},
		"mysql2://db/oro":                                 {"kind": "MySQL", "host": "db", "name": "oro"},
		"mysqli://db/oro":                                 {"kind": "MySQL", "host": "db", "name": "oro"},
		"pdo_mysql://db/oro":                              {"kind": "MySQL", "host": "db", "name": "oro"},
		"pdo-mysql://db/oro":                              {"kind": "MySQL", "host": "db", "name": "oro"},
		"mariadb://db:3307/oro?serverVersion=10.6":        {"kind": "MySQL", "host": "db", "port": "3307", "name": "oro"},
		"postgres://u%40x:p%3A%2F%3F%23%40%25@db/o%2Fdb":  {"kind": "PostgreSQL", "user": "u@x", "password": "p:/?#@%", "host": "db", "name": "o/db"},
		"postgres://u:100%@db/oro":                        {"kind": "PostgreSQL", "user": "u", "password": "100%", "host": "db", "name": "oro"},
		"postgres://u:a%zz@b:c/d+e@db/oro":                {"kind": "PostgreSQL", "user": "u", "password": "a%zz@b:c/d+e", "host": "db", "name": "oro"},
		"postgres://u:@db/oro":                            {"kind": "PostgreSQL", "user": "u", "host": "db", "name": "oro"},
		"postgres://[::1]:5433/oro":                       {"kind": "PostgreSQL", "host": "::1", "port": "5433", "name": "oro"},
		"postgres://[::1]/oro":                            {"kind": "PostgreSQL", "host": "::1", "name": "oro"},
		"postgres:///oro":                                 {"kind": "PostgreSQL", "name": "oro"},
		"postgres://u@%2Frun%2Fpostgresql/oro":            {"kind": "PostgreSQL", "user": "u", "host": "/run/postgresql", "name": "oro"},
		"postgres://u@localhost/oro?host=/run/postgresql": {"kind": "PostgreSQL", "user": "u", "host": "/run/postgresql", "name": "oro"},
		"mysql://u@localhost/oro?unix_socket=/run/mysqld/mysqld.sock": {
			"kind": "MySQL", "user": "u", "host": "localhost", "socket": "/run/mysqld/mysqld.sock", "name": "oro",
		},
		"mysql://u@%2Frun%2Fmysqld.sock/oro":                             {"kind": "MySQL", "user": "u", "socket": "/run/mysqld.sock", "name": "oro"},
		"postgres://db/?dbname=oro&user=u&password=a+b%2Bc&port=6432&x=": {"kind": "PostgreSQL", "host": "db", "port": "6432", "user": "u", "password": "a b+c", "name": "oro"},
		"  postgres://db/oro#fragment\n":                                 {"kind": "PostgreSQL", "host": "db", "name": "oro"},
	} {
		source, err := oro.ParseDataSource(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
		} else if got := parts(source.Parts()); !reflect.DeepEqual(got, want) {
			t.Errorf("%s has the parts\n%q, want\n%q", url, got, want)
		}
	}
}

func TestNoPasswordIsPrinted(t *testing.T) {
	const password = "verysecret"
	for _, url := range []string{
		"verysecret",
		"u:verysecret@db/oro",
		"sqlite://u:verysecret@db/oro",
		"://u:verysecret@db/oro",
		"postgres://u:verysecret@db",
		"postgres://u:verysecret@db:port/oro",
		"postgres://u:very/verysecret@db:port/oro",
		"postgres://u@db/oro?password=verysecret&port=x",
		"postgres://u:verysecret@db/oro?sslmode=on",
		"postgres://u:verysecret@db/oro?sslmode=verify-full&sslrootcert=/missing",
		"mysql://u:verysecret@db/oro?sslmode=verify-full&ssl_ca=/missing",
		"postgres://u:verysecret@db/oro",
		"mysql://u:verysecret@db/oro?unix_socket=/run/mysqld.sock",
	} {
		source, err := oro.ParseDataSource(url)
		printed := fmt.Sprintf("%v %+v %#v %s %q", source, source, source, source, err)
		if err == nil {
			var d *oro.Database
			if d, err = oro.OpenDatabase(source, 1); err == nil {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			printed += fmt.Sprint(err)
		}
		if strings.Contains(printed, password) {
			t.Errorf("%s is printed as %s", url, printed)
		}
	}
}

func TestAWrongURLSaysWhatIsWrong(t *testing.T) {
	for url, want := range map[string]string{
		"":                                 "no scheme",
		"127.0.0.1/oro":                    "no scheme",
		"sqlite:///var/oro.db":             "other than postgres, pgsql, mysql and mariadb",
		"oci8://db/oro":                    "other than postgres, pgsql, mysql and mariadb",
		"postgres://db":                    "names no database",
		"postgres://db/":                   "names no database",
		"postgres://db:0/oro":              "port that is no number",
		"postgres://db:65536/oro":          "port that is no number",
		"mysql://u:p#w@db/oro":             "names no database",
		"postgres://db/oro?sslmode=enable": "unknown sslmode",
	} {
		if _, err := oro.ParseDataSource(url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", url, err, want)
		}
	}
}

func TestFilesOfTLSAreReadAtTheStart(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"postgres://db/oro?sslmode=verify-full&sslrootcert=" + empty: "CA",
		"mysql://db/oro?sslmode=prefer":                              "",
		"mysql://db/oro?sslmode=require":                             "",
		"mysql://db/oro?sslmode=verify-full":                         "",
		"postgres://db/oro?sslrootcert=/missing/ca.pem":              "/missing/ca.pem",
		"mysql://db/oro?ssl_ca=/missing/ca.pem":                      "/missing/ca.pem",
		"mysql://db/oro?ssl_ca=" + empty:                             "a file without a certificate",
		"mysql://db/oro?sslmode=require&ssl_cert=/missing/cert.pem":  "/missing/cert.pem",
	} {
		source, err := oro.ParseDataSource(url)
		if err != nil {
			t.Fatal(err)
		}
		d, err := oro.OpenDatabase(source, 1)
		switch {
		case err == nil && want == "":
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		case err == nil || want == "" || !strings.Contains(err.Error(), want):
			t.Errorf("%s: the error is %v, want %q", url, err, want)
		}
	}
}

func TestAnEMailAddressIsWhatPHPTakesForOne(t *testing.T) {
	for name, want := range map[string]bool{
		"anna@example.com":                       true,
		"a.b+c@sub.example.com":                  true,
		"o'neil@example.com":                     true,
		"anna":                                   false,
		"anna@localhost":                         false,
		"anna@":                                  false,
		"@example.com":                           false,
		"anna@example..com":                      false,
		"Anna <anna@example.com>":                false,
		"<anna@example.com>":                     false,
		"anna@example.com (Anna)":                false,
		" anna@example.com":                      false,
		"anna@example.com, b@example.com":        false,
		"änna@example.com":                       false,
		strings.Repeat("a", 64) + "@example.com": true,
		strings.Repeat("a", 65) + "@example.com": false,
	} {
		if got := oro.IsEmail(name); got != want {
			t.Errorf("%q is an e-mail address: %v, want %v", name, got, want)
		}
	}
}
