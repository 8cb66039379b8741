package oro

import (
	"fmt"
	"net/url"

	"github.com/tidings-io/tidings/internal/config"
)

// Settings hold the values that the feature works with. Each comes from the file of the server, else from Oro's
// environment, else from Oro's parameters.yml.
type Settings struct {
	Listen         string      // address to listen on if the file of the server names none; "" if Oro's settings name none
	ListenFrom     string      // where Listen was written
	Secret         string      // of backends
	Database       *DataSource // where users are found; nil if Webhook is set
	Webhook        string      // URL that is asked for users
	ApplicationURL string      // "" if it is read from the database
	Warnings       []config.Problem

	backend value // the address where backends look for the server
}

// The variables of Oro's environment.
const (
	secretVariable   = "ORO_SECRET"
	databaseVariable = "ORO_DB_URL"
	dsnVariable      = "ORO_DB_DSN"
	serverVariable   = "ORO_WEBSOCKET_SERVER_DSN"
	backendVariable  = "ORO_WEBSOCKET_BACKEND_DSN"
)

// publicSecret is the secret of Oro's examples.
const publicSecret = "ThisTokenIsNotSoSecretChangeIt"

// settingsReader puts settings together.
type settingsReader struct {
	options    *Options
	lookup     func(name string) (string, bool)
	parameters parameters
	settings   Settings
	problems   []config.Problem
}

// settingsOf returns the settings, and all that is wrong with them. lookup returns variables of the environment.
func settingsOf(o *Options, lookup func(name string) (string, bool), readFile func(string) ([]byte, error)) (Settings, []config.Problem) {
	r := &settingsReader{options: o, lookup: lookup}
	r.readParameters(readFile)
	r.readSecret()
	r.readUsers()
	r.readAddresses()
	r.readApplicationURL()
	if r.settings.Webhook != "" && r.settings.ApplicationURL == "" {
		r.warn(o.Users.Webhook.Pos, "without a database the address of the application is not known, so only pages of localhost may connect",
			"write oro.application_url, for example https://erp.example.com")
	}
	return r.settings, r.problems
}

// readApplicationURL takes the address of the application, whose host is the origin of its pages.
func (r *settingsReader) readApplicationURL() {
	address := r.options.ApplicationURL
	if parsed, err := url.Parse(address.Value); address.Value != "" && (err != nil || parsed.Hostname() == "") {
		r.problem(address.Pos, fmt.Sprintf("oro.application_url is %q, which has no host", address.Value), "write for example https://erp.example.com")
		return
	}
	r.settings.ApplicationURL = address.Value
}

func (r *settingsReader) problem(pos config.Pos, message, fix string) {
	r.problems = append(r.problems, config.Problem{Pos: pos, Message: message, Fix: fix})
}

func (r *settingsReader) warn(pos config.Pos, message, fix string) {
	r.settings.Warnings = append(r.settings.Warnings, config.Problem{Pos: pos, Message: message, Fix: fix})
}

// variable returns a variable of the environment.
func (r *settingsReader) variable(name string) (value, bool) {
	v, ok, problem := fromEnvironment(name, r.lookup)
	if problem != nil {
		r.problems = append(r.problems, *problem)
	}
	return v, ok
}

// parameter returns a parameter of parameters.yml.
func (r *settingsReader) parameter(name string) (value, bool) {
	return r.parameters.get(name, r.lookup)
}

func (r *settingsReader) readParameters(readFile func(string) ([]byte, error)) {
	file := r.options.Parameters
	if file.Value == "" {
		return
	}
	text, err := readFile(file.Value)
	if err != nil {
		r.problem(file.Pos, "oro.parameters cannot be read: "+err.Error(), "name the file config/parameters.yml of the application, and let the server's user read it")
		return
	}
	found, problem := parseParameters(file.Value, text)
	if problem != nil {
		r.problems = append(r.problems, *problem)
	}
	r.parameters = found
}

func (r *settingsReader) readSecret() {
	secret := value{r.options.Secret.Reveal(), r.options.Secret.Pos}
	if secret.text == "" {
		if v, ok := r.variable(secretVariable); ok {
			secret = v
		} else if v, ok := r.parameter("secret"); ok {
			secret = v
		}
	}
	if secret.text == "" {
		r.problem(r.options.Pos, "oro has no secret, which all tickets are made with",
			"set the variable "+secretVariable+" as for the application, write oro.secret, or name the file parameters.yml of Oro 4.2 or 5.0 in oro.parameters")
		return
	}
	if secret.text == publicSecret {
		r.warn(secret.pos, "the secret is that of Oro's examples: everyone can make tickets of a backend", "choose another one, in the application, too")
	}
	r.settings.Secret = secret.text
}

func (r *settingsReader) readUsers() {
	users := &r.options.Users
	if users.Webhook.Value != "" {
		if !users.Database.Empty() {
			r.problem(users.Webhook.Pos, "users come from oro.users.database or from oro.users.webhook, and both are there", "remove one of them")
		}
		r.settings.Webhook = users.Webhook.Value
		return
	}
	url, ok := value{users.Database.Reveal(), users.Database.Pos}, !users.Database.Empty()
	for _, name := range []string{databaseVariable, dsnVariable} {
		if !ok {
			before := len(r.problems)
			if url, ok = r.variable(name); !ok && len(r.problems) > before {
				return // it is there, and refers to nothing
			}
		}
	}
	if ok {
		source, err := ParseDataSource(url.text)
		r.useDatabase(source, err, url.pos, "the database's URL")
		return
	}
	name, ok := r.parameter("database_name")
	if !ok {
		r.problem(r.options.Pos, "oro has no place to find users",
			"set the variable "+databaseVariable+" as for the application, or write oro.users.database, oro.users.webhook, or oro.parameters")
		return
	}
	source, pos, err := r.databaseOfParameters(name)
	r.useDatabase(source, err, pos, "database_*")
}

func (r *settingsReader) useDatabase(source *DataSource, err error, pos config.Pos, what string) {
	if err == nil {
		err = source.check()
	}
	if err == nil {
		_, err = source.connector() // reads the files of TLS
	}
	if err != nil {
		r.problem(pos, what+" "+err.Error(), "write it as for the application, for example postgres://user:password@127.0.0.1:5432/oro_db")
		return
	}
	r.settings.Database = source
}

// databaseOfParameters returns the database of parameters.yml, and the position of what is wrong with it.
func (r *settingsReader) databaseOfParameters(name value) (*DataSource, config.Pos, error) {
	text := func(key string) string {
		v, _ := r.parameter(key)
		return v.text
	}
	source := &DataSource{
		kind: mysql, name: name.text, host: text("database_host"), port: text("database_port"),
		user: text("database_user"), password: text("database_password"), options: make(map[string]string),
	}
	if driver, ok := r.parameter("database_driver"); ok {
		if source.kind = kindOf(driver.text); source.kind == 0 {
			return nil, driver.pos, fmt.Errorf("have the driver %q: Oro's users are in pdo_mysql or pdo_pgsql", driver.text)
		}
	}
	source.override()
	return source, name.pos, nil
}
