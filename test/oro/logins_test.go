//go:build unix

package oro_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestLoginsByPostgreSQLAndTheEnvironment(t *testing.T) {
	db := startPostgres(t)
	t.Setenv("ORO_SECRET", secret)
	t.Setenv("ORO_DB_URL", db.url)
	t.Setenv("ORO_DB_DSN", "${ORO_DB_URL}")
	testLogins(t, db, "oro: {users: {cache: 0s}}")
}

func TestLoginsByMariaDBAndTheParameters(t *testing.T) {
	db := startMariaDB(t)
	file := filepath.Join(t.TempDir(), "parameters.yml")
	if err := os.WriteFile(file, []byte(`
parameters:
    database_driver: pdo_mysql
    database_host: 127.0.0.1
    database_port: `+strconv.Itoa(db.port)+`
    database_name: `+databaseName+`
    database_user: '`+databaseUser+`'
    database_password: 'p%%ss:w/rd?#ä'
    secret: `+secret+`
`), 0o600); err != nil {
		t.Fatal(err)
	}
	testLogins(t, db, "oro: {users: {cache: 0s}, parameters: "+file+"}")
}

// testLogins logs in at the real server, whose users are in the database.
func testLogins(t *testing.T, db *databaseServer, configuration string) {
	db.stop(t) // the server starts without it
	s := serve(t, configuration)
	login := func(username, password, origin string) int {
		t.Helper()
		return s.handshake(t, ticketOf(username, password, time.Now()), origin)
	}
	if status := login("anna", "hash of anna", ""); status != http.StatusServiceUnavailable {
		t.Errorf("without the database a login gets %d", status)
	}
	if lines := s.lines("database does not answer"); len(lines) != 1 {
		t.Errorf("the log says of the database %q", lines)
	}
	db.start(t)
	db.addUser(t, 1, "anna", "anna@example.com")
	db.addUser(t, 2, "bert", "bert@example.com")
	db.exec(t, "INSERT INTO oro_config_value (name, section, text_value) VALUES ('application_url', 'oro_ui', 'https://erp.example.com/')")
	const page = "https://erp.example.com:8443"
	eventually(t, "pages of the application may connect", func() bool { return login("anna", "hash of anna", page) == http.StatusSwitchingProtocols })
	if status := login("anna", "hash of anna", "https://other.example.com"); status != http.StatusForbidden {
		t.Errorf("a page of another application gets %d", status)
	}
	if status := login("anna@example.com", "hash of anna", page); status != http.StatusSwitchingProtocols {
		t.Errorf("a login by e-mail gets %d", status)
	}
	db.exec(t, "UPDATE oro_user SET password = 'new' WHERE id = 1", "UPDATE oro_user SET enabled = false WHERE id = 2")
	for _, test := range []struct {
		username, password string
		want               int
	}{
		{"anna", "hash of anna", http.StatusUnauthorized}, // the old password
		{"anna", "new", http.StatusSwitchingProtocols},
		{"bert", "hash of bert", http.StatusUnauthorized}, // disabled
		{"carl", "hash of carl", http.StatusUnauthorized}, // unknown
	} {
		if status := login(test.username, test.password, page); status != test.want {
			t.Errorf("%s with %q gets %d, want %d", test.username, test.password, status, test.want)
		}
	}
	stays, err := dialPage(s.address, ticketOf("anna", "new", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Close()
	db.stop(t)
	if status := login("anna", "new", page); status != http.StatusServiceUnavailable {
		t.Errorf("while the database is away a login gets %d", status)
	}
	if status := login("", secret, ""); status != http.StatusSwitchingProtocols {
		t.Errorf("while the database is away a backend gets %d", status)
	}
	if err := stays.settle(); err != nil {
		t.Errorf("a page that is connected did not stay: %v", err)
	}
	db.start(t)
	if status := login("anna", "new", page); status != http.StatusSwitchingProtocols {
		t.Errorf("when the database is back a login gets %d", status)
	}
	if n := s.metric(t, "tidings_oro_user_question_failures_total", ""); n != 2 {
		t.Errorf("%v questions failed, want 2", n)
	}
}

// handshake asks for a WebSocket, and returns the status of the answer.
func (s *server) handshake(t *testing.T, ticket, origin string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address+"/?ticket="+url.QueryEscape(ticket), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Protocol": "wamp", "Origin": origin,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // nothing of it is read
	return response.StatusCode
}
