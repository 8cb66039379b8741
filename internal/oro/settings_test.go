package oro_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/oro"
)

// parametersFile is a parameters.yml as the installer of Oro 4.2 writes it.
const parametersFile = `# This file is auto-generated
parameters:
    database_driver: pdo_pgsql
    database_host: 127.0.0.1
    database_port: null
    database_name: oro_crm
    database_user: root
    database_password: 'p%%a''ss'
    database_driver_options: {  }
    mailer_host: ~
    websocket_bind_address: 0.0.0.0
    websocket_bind_port: 8081
    websocket_frontend_host: '*'
    websocket_frontend_port: 443
    websocket_backend_host: '*'
    websocket_backend_port: 8080
    secret: of the file
    installed: '2021-04-27T08:30:00+00:00'
`

type variables map[string]string

// section is the section of the configuration without what its loading does with the settings.
type section struct {
	Oro *oro.Options `key:"oro" doc:"Oro."`
}

// settings reads settings from keys of the section oro, the environment and a parameters.yml.
func settings(t *testing.T, keys string, environment variables, parameters string) (oro.Settings, []config.Problem) {
	t.Helper()
	c, err := config.Parse("tidings.yaml", []byte("oro: {"+keys+"}\n"), config.Options{
		Sections: []config.Section{{Keys: (*section)(nil)}},
		Lookup:   func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) {
		text, ok := environment[name]
		return text, ok
	}
	return oro.SettingsOf(config.SectionOf[section](c).Oro, lookup, func(name string) ([]byte, error) {
		if parameters == "" || name != "parameters.yml" {
			return nil, &os.PathError{Op: "open", Path: name, Err: errors.New("no such file")}
		}
		return []byte(parameters), nil
	})
}

// texts returns problems in one line each.
func texts(problems []config.Problem) (lines []string) {
	for _, problem := range problems {
		lines = append(lines, problem.String())
	}
	return lines
}

func TestSettingsComeFromTheFileThenTheEnvironmentThenTheParameters(t *testing.T) {
	environment := variables{
		"ORO_SECRET": " of the environment", "ORO_DB_URL": "postgres://u:p@env/oro", "ORO_DB_DSN": "${ORO_DB_URL}",
		"ORO_WEBSOCKET_SERVER_DSN": "//0.0.0.0:8082",
	}
	for name, test := range map[string]struct {
		keys        string
		environment variables
		parameters  string
		want        []string // listen, its source, secret, database, webhook, address of the application
	}{
		"file": {
			"secret: own, parameters: parameters.yml, application_url: https://erp.example.com, users: {database: mysql://own/oro}", environment, parametersFile,
			[]string{"0.0.0.0:8082", "environment ORO_WEBSOCKET_SERVER_DSN", "own", "mysql://@own/oro", "", "https://erp.example.com"},
		},
		"environment": {
			"parameters: parameters.yml", environment, parametersFile,
			[]string{"0.0.0.0:8082", "environment ORO_WEBSOCKET_SERVER_DSN", " of the environment", "postgres://u@env/oro", "", ""},
		},
		"parameters": {
			"parameters: parameters.yml", nil, parametersFile,
			[]string{"0.0.0.0:8081", "parameters.yml:12:26", "of the file", "postgres://root@127.0.0.1/oro_crm", "", ""},
		},
		"parameters and empty variables": {
			"parameters: parameters.yml",
			variables{"ORO_SECRET": "", "ORO_DB_URL": " ", "ORO_WEBSOCKET_SERVER_DSN": ""},
			parametersFile,
			[]string{"0.0.0.0:8081", "parameters.yml:12:26", "of the file", "postgres://root@127.0.0.1/oro_crm", "", ""},
		},
		"nothing but what is needed": {
			"secret: own",
			variables{"ORO_DB_DSN": "pgsql://env/oro"},
			"",
			[]string{"", "", "own", "postgres://@env/oro", "", ""},
		},
		"a webhook in place of the environment's database": {
			"secret: own, application_url: https://erp.example.com, users: {webhook: https://erp.example.com/users}", environment, "",
			[]string{"0.0.0.0:8082", "environment ORO_WEBSOCKET_SERVER_DSN", "own", "", "https://erp.example.com/users", "https://erp.example.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, problems := settings(t, test.keys, test.environment, test.parameters)
			database := ""
			if s.Database != nil {
				database = s.Database.String()
			}
			if got := []string{s.Listen, s.ListenFrom, s.Secret, database, s.Webhook, s.ApplicationURL}; !reflect.DeepEqual(got, test.want) {
				t.Errorf("the settings are\n%q, want\n%q", got, test.want)
			}
			if problems != nil || s.Warnings != nil {
				t.Errorf("there are problems: %q, %q", texts(problems), texts(s.Warnings))
			}
		})
	}
}

func TestVariablesMayNameOthers(t *testing.T) {
	for text, want := range map[string]string{
		"${ORO_DB_URL}":                        "",
		"%env(ORO_DB_URL)%":                    "",
		"%env(resolve:ORO_DB_URL)%":            "",
		" ${OTHER}\n":                          "",
		"${MISSING}":                           "environment ORO_DB_DSN: ORO_DB_DSN refers to the variable MISSING, which is not set; set MISSING, or write the value into ORO_DB_DSN",
		"${ORO_DB_DSN}":                        "environment ORO_DB_DSN: ORO_DB_DSN refers to itself by way of other variables; write the value into ORO_DB_DSN",
		"postgres://u:${ORO_DB_URL}@other/oro": "other",
	} {
		// ORO_DB_URL has another name here, because it would win.
		environment := variables{"ORO_DB_DSN": strings.ReplaceAll(text, "ORO_DB_URL", "DATABASE"), "DATABASE": "postgres://u:p@db/oro", "OTHER": "${DATABASE}"}
		s, problems := settings(t, "secret: own", environment, "")
		switch {
		case want == "other":
			if s.Database == nil || s.Database.Parts()["host"] != "other" {
				t.Errorf("%s: the database is %v, %q", text, s.Database, texts(problems))
			}
		case want != "":
			if got := texts(problems); len(got) != 1 || got[0] != want {
				t.Errorf("%s: the problems are %q, want %q", text, got, want)
			}
		case problems != nil || s.Database.Parts()["host"] != "db":
			t.Errorf("%s: the database is %v, %q", text, s.Database, texts(problems))
		}
	}
}

func TestParametersMayNameOthers(t *testing.T) {
	s, problems := settings(t, "parameters: parameters.yml", variables{"DB": "db.example.com"}, `
parameters:
  host: '%env(DB)%'
  database_host: '%host%'
  database_port: 3307
  database_name: oro
  database_user: "50%%"
  database_password: 100%
  secret: '%env(resolve:SECRET)%'
`)
	want := map[string]string{"kind": "MySQL", "host": "db.example.com", "port": "3307", "name": "oro", "user": "50%", "password": "100%"}
	if got := s.Database.Parts(); !reflect.DeepEqual(got, want) {
		t.Errorf("the database has the parts %q, want %q", got, want)
	}
	if got := texts(problems); len(got) != 1 || !strings.Contains(got[0], "no secret") {
		t.Errorf("the problems are %q, want that the secret is missing", got)
	}
}

func TestWhatIsMissingOrWrongIsSaid(t *testing.T) {
	database := variables{"ORO_DB_URL": "postgres://db/oro"}
	for name, test := range map[string]struct {
		keys        string
		environment variables
		parameters  string
		want        []string
	}{
		"nothing": {"", nil, "", []string{
			"tidings.yaml:1:6: oro has no secret, which all tickets are made with; set the variable ORO_SECRET as for the application, write oro.secret, or name the file parameters.yml of Oro 4.2 or 5.0 in oro.parameters",
			"tidings.yaml:1:6: oro has no place to find users; set the variable ORO_DB_URL as for the application, or write oro.users.database, oro.users.webhook, or oro.parameters",
		}},
		"two places": {"secret: x, users: {database: postgres://db/oro, webhook: https://erp/}", nil, "", []string{
			"tidings.yaml:1:64: users come from oro.users.database or from oro.users.webhook, and both are there; remove one of them",
		}},
		"no file": {"secret: x, parameters: other.yml", database, "", []string{
			"tidings.yaml:1:30: oro.parameters cannot be read: open other.yml: no such file; name the file config/parameters.yml of the application, and let the server's user read it",
		}},
		"no YAML": {"secret: x, parameters: parameters.yml", database, "a: [", []string{
			"parameters.yml: is no YAML: line 1: did not find expected node content; correct the file, which Oro reads, too",
		}},
		"another file": {"secret: x, parameters: parameters.yml", database, "services: {}", []string{
			"parameters.yml: has no mapping parameters; name the file config/parameters.yml of the application",
		}},
		"an address without a host": {"secret: x, application_url: erp.example.com", database, "", []string{
			`tidings.yaml:1:35: oro.application_url is "erp.example.com", which has no host; write for example https://erp.example.com`,
		}},
		"an empty file": {"secret: x, parameters: parameters.yml", database, "", nil},
		"wrong URL in the file": {"secret: x, users: {database: 'postgres://u:topsecret@db'}", nil, "", []string{
			"tidings.yaml:1:36: the database's URL names no database: it is the last part, as in postgres://user:password@host/name; write it as for the application, for example postgres://user:password@127.0.0.1:5432/oro_db",
		}},
		"wrong URL in the environment": {"secret: x", variables{"ORO_DB_URL": "sqlite:///topsecret"}, "", []string{
			"environment ORO_DB_URL: the database's URL has a scheme other than postgres, pgsql, mysql and mariadb: Oro's users are in one of these; write it as for the application, for example postgres://user:password@127.0.0.1:5432/oro_db",
		}},
		"a missing file": {"secret: x", variables{"ORO_DB_URL": "postgres://u:topsecret@db/oro?sslrootcert=/missing"}, "", []string{
			"environment ORO_DB_URL: the database's URL cannot be used: unable to read CA file: open /missing: no such file or directory; write it as for the application, for example postgres://user:password@127.0.0.1:5432/oro_db",
		}},
		"wrong driver": {"secret: x, parameters: parameters.yml", nil, "parameters:\n  database_name: oro\n  database_driver: oci8\n", []string{
			`parameters.yml:3:20: database_* have the driver "oci8": Oro's users are in pdo_mysql or pdo_pgsql; write it as for the application, for example postgres://user:password@127.0.0.1:5432/oro_db`,
		}},
		"wrong port": {"secret: x", variables{"ORO_DB_URL": "postgres://db/oro", "ORO_WEBSOCKET_SERVER_DSN": "//0.0.0.0:http"}, "", []string{
			"environment ORO_WEBSOCKET_SERVER_DSN: the address of Oro's server has a port that is no number from 1 to 65535; write it as for the application, for example //0.0.0.0:8080, or remove it and write listen",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "an empty file" {
				test.parameters = " "
				test.want = []string{"parameters.yml: has no mapping parameters; name the file config/parameters.yml of the application"}
			}
			_, problems := settings(t, test.keys, test.environment, test.parameters)
			if got := texts(problems); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the problems are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestTheAddressOfOrosServerIsTaken(t *testing.T) {
	for text, want := range map[string]struct{ listen, warning string }{
		"//0.0.0.0:8080":              {"0.0.0.0:8080", ""},
		"tcp://127.0.0.1:8090":        {"127.0.0.1:8090", ""},
		"//*:8080/ws":                 {":8080", ""},
		"//0.0.0.0":                   {"0.0.0.0:8080", ""},
		"0.0.0.0:9000":                {"0.0.0.0:9000", ""},
		"//[::]:8080":                 {"[::]:8080", ""},
		"tcp://[::1]/path?x=//y:1":    {"[::1]:8080", ""},
		"ssl://0.0.0.0:8443":          {"0.0.0.0:8443", "scheme ssl"},
		"tlsv1.2://0.0.0.0:8443/?a=b": {"0.0.0.0:8443", "scheme tlsv1.2"},
	} {
		s, problems := settings(t, "secret: x", variables{"ORO_DB_URL": "postgres://db/oro", "ORO_WEBSOCKET_SERVER_DSN": text}, "")
		warned := strings.Join(texts(s.Warnings), "\n")
		if s.Listen != want.listen || problems != nil || !strings.Contains(warned, want.warning) || (warned == "") != (want.warning == "") {
			t.Errorf("%s: the address is %q, %q, %q, want %+v", text, s.Listen, texts(problems), warned, want)
		}
	}
}

func TestWarningsOfSettings(t *testing.T) {
	s, _ := settings(t, "users: {webhook: https://erp/}", variables{"ORO_SECRET": "ThisTokenIsNotSoSecretChangeIt"}, "")
	want := []string{
		"environment ORO_SECRET: the secret is that of Oro's examples: everyone can make tickets of a backend; choose another one, in the application, too",
		"tidings.yaml:1:24: without a database the address of the application is not known, so only pages of localhost may connect; write oro.application_url, for example https://erp.example.com",
	}
	if got := texts(s.Warnings); !reflect.DeepEqual(got, want) {
		t.Errorf("the warnings are %q, want %q", got, want)
	}
}

func TestPortsThatDoNotFitAreHinted(t *testing.T) {
	environment := variables{
		"ORO_DB_URL": "postgres://db/oro", "ORO_WEBSOCKET_FRONTEND_DSN": "//*:8443/ws", "ORO_WEBSOCKET_BACKEND_DSN": "tcp://127.0.0.1:8090?context_options[verify_peer]=0",
	}
	s, _ := settings(t, "secret: x", environment, "")
	const hint = "environment ORO_WEBSOCKET_BACKEND_DSN: backends connect to port 8090, and the server listens on port "
	for listen, want := range map[string][]string{
		":8080":          {hint + "8080"},
		"127.0.0.1:8090": nil,
		"[::]:8443":      {hint + "8443"},
		"127.0.0.1:0":    nil,
	} {
		hints := texts(s.Hints(listen))
		for i := range hints {
			hints[i], _, _ = strings.Cut(hints[i], ";")
		}
		if !reflect.DeepEqual(hints, want) {
			t.Errorf("%s: the hints are %q, want %q", listen, hints, want)
		}
	}
	s, _ = settings(t, "secret: x, parameters: parameters.yml", nil, parametersFile)
	if hints := texts(s.Hints("0.0.0.0:8081")); len(hints) != 1 || !strings.HasPrefix(hints[0], "parameters.yml:16:29: backends connect to port 8080") {
		t.Errorf("the hints are %q", hints)
	}
}
