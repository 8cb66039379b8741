//go:build unix

package oro_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/oro"
)

// inTime is the time of a question, longer than the default so that a busy machine fails no test.
const inTime = 10 * time.Second

// databaseTests are what holds for each kind of database. Each test begins with empty tables.
var databaseTests = []struct {
	name string
	test func(t *testing.T, s *databaseServer)
}{
	{"users are found", usersAreFound},
	{"names of all kinds are found", namesOfAllKinds},
	{"only an e-mail address is looked for among the addresses", onlyAddresses},
	{"many roles are not cut", manyRoles},
	{"a changed password counts after the time of the cache", changedPassword},
	{"a question ends in its time while the connections are taken", questionsEnd},
	{"the address of the application is there", applicationURL},
	{"a wrong password is refused and in no error", wrongPassword},
	{"the connections are bounded", connectionsAreBounded},
	{"it is only read", onlyRead},
	{"it goes away and comes back", goesAndComesBack},
}

func TestUsersOfPostgreSQL(t *testing.T) { testUsers(t, startPostgres(t)) }

func TestUsersOfMariaDB(t *testing.T) { testUsers(t, startMariaDB(t)) }

// PgBouncer's pools of transactions know neither prepared statements nor parameters of a session.
func TestUsersOfPostgreSQLBehindPgBouncer(t *testing.T) {
	s := startPostgres(t)
	s.startPgBouncer(t)
	testUsers(t, s)
}

func testUsers(t *testing.T, s *databaseServer) {
	for _, test := range databaseTests {
		s.exec(t, "DELETE FROM oro_user", "DELETE FROM oro_user_organization", "DELETE FROM oro_user_access_role", "DELETE FROM oro_access_role", "DELETE FROM oro_config_value")
		t.Run(test.name, func(t *testing.T) { test.test(t, s) })
	}
}

// openDatabase opens the database of a URL.
func openDatabase(t *testing.T, url string, connections int) *oro.Database {
	t.Helper()
	source, err := oro.ParseDataSource(url)
	if err != nil {
		t.Fatal(err)
	}
	d, err := oro.OpenDatabase(source, connections)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// find asks for a user.
func find(t *testing.T, users oro.Users, name string) (*oro.User, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), inTime)
	defer cancel()
	return users.Find(ctx, name)
}

// mustFind asks for a user whose database is there.
func mustFind(t *testing.T, users oro.Users, name string) *oro.User {
	t.Helper()
	user, err := find(t, users, name)
	if err != nil {
		t.Fatalf("find %q: %v", name, err)
	}
	return user
}

// addUser adds a user with a hash made of the name.
func (s *databaseServer) addUser(t *testing.T, id int, username, email string) {
	t.Helper()
	quote := strings.NewReplacer("'", "''", `\`, `\\`)
	if s.driver == "pgx" {
		quote = strings.NewReplacer("'", "''")
	}
	s.exec(t, fmt.Sprintf("INSERT INTO oro_user (id, username, email, password, enabled) VALUES (%d, '%s', '%s', 'hash of %[2]s', true)", id, quote.Replace(username), quote.Replace(email)))
}

func usersAreFound(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@example.com")
	s.addUser(t, 2, "bert", "bert@example.com")
	s.addUser(t, 3, "anna@example.com", "other@example.com")
	s.addUser(t, 4, "gone", "gone@example.com")
	s.exec(t, "UPDATE oro_user SET enabled = false WHERE username = 'gone'",
		"INSERT INTO oro_user_organization VALUES (1, 7), (1, 2)",
		"INSERT INTO oro_access_role (id, role) VALUES (1, 'ROLE_USER'), (2, 'ROLE_ADMINISTRATOR')",
		"INSERT INTO oro_user_access_role VALUES (1, 1), (1, 2), (2, 1)")
	d := openDatabase(t, s.url, 4)
	anna := &oro.User{
		ID: 1, Username: "anna", Password: "hash of anna", Enabled: true,
		Organizations: []int64{2, 7}, Roles: []string{"ROLE_ADMINISTRATOR", "ROLE_USER"},
	}
	bert := &oro.User{ID: 2, Username: "bert", Password: "hash of bert", Enabled: true, Roles: []string{"ROLE_USER"}}
	for name, want := range map[string]*oro.User{
		"anna":              anna,
		"bert":              bert,
		"bert@example.com":  bert, // by e-mail
		"anna@example.com":  {ID: 3, Username: "anna@example.com", Password: "hash of anna@example.com", Enabled: true},
		"other@example.com": {ID: 3, Username: "anna@example.com", Password: "hash of anna@example.com", Enabled: true},
		"gone":              {ID: 4, Username: "gone", Password: "hash of gone"},
		"carl":              nil,
		"carl@example.com":  nil,
		"":                  nil,
		"%":                 nil,
		"ann_":              nil,
	} {
		if got := mustFind(t, d, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %+v, want %+v", name, got, want)
		}
	}
}

func namesOfAllKinds(t *testing.T, s *databaseServer) {
	d := openDatabase(t, s.url, 4)
	for i, name := range []string{
		`o'neil`, `100%`, `"quoted"`, `back\slash`, "otto+ä", "日本語", "😀", "a;b--", "$1", "?", ":name", strings.Repeat("ä", 240), "a b",
	} {
		s.addUser(t, i+1, name, fmt.Sprint(i, "@example.com"))
		user := mustFind(t, d, name)
		if user == nil || user.Username != name || user.Password != "hash of "+name {
			t.Errorf("%q is %+v", name, user)
		}
	}
	for _, name := range []string{"\xff", "a\x00b", strings.Repeat("a", 256), strings.Repeat("a", 1<<20), "' OR '1'='1", "\\", "'"} {
		if user := mustFind(t, d, name); user != nil {
			t.Errorf("%.20q is %+v", name, user)
		}
	}
	if s.driver == "mysql" { // as in old databases, with three bytes a character
		s.exec(t, "DELETE FROM oro_user WHERE username = '😀'", "ALTER TABLE oro_user CONVERT TO CHARACTER SET utf8mb3")
		defer s.exec(t, "ALTER TABLE oro_user CONVERT TO CHARACTER SET utf8mb4")
		if user := mustFind(t, d, "😀"); user != nil {
			t.Errorf("the user is %+v", user)
		}
		if user := mustFind(t, d, "日本語"); user == nil {
			t.Error("a name is not found among those of three bytes a character")
		}
	}
}

func onlyAddresses(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@localhost")
	s.addUser(t, 2, "bert", "Bert <bert@example.com>")
	s.addUser(t, 3, "carl", "carl")
	d := openDatabase(t, s.url, 4)
	for _, name := range []string{"anna@localhost", "Bert <bert@example.com>"} {
		if user := mustFind(t, d, name); user != nil {
			t.Errorf("%q is %+v, and no e-mail address in PHP", name, user)
		}
	}
}

func manyRoles(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@example.com")
	want := make([]string, 200)
	for i := range want {
		want[i] = fmt.Sprintf("ROLE_OF_THIRTY_CHARACTERS_%04d", i)
		s.exec(t, fmt.Sprintf("INSERT INTO oro_access_role (id, role) VALUES (%d, '%s')", i+100, want[i]),
			fmt.Sprintf("INSERT INTO oro_user_access_role VALUES (1, %d)", i+100),
			fmt.Sprintf("INSERT INTO oro_user_organization VALUES (1, %d)", i+1_000_000))
	}
	if s.driver == "mysql" {
		s.exec(t, "SET GLOBAL group_concat_max_len = 1024") // servers of old have it so
	}
	user := mustFind(t, openDatabase(t, s.url, 4), "anna")
	if !reflect.DeepEqual(user.Roles, want) {
		t.Errorf("the roles are %d: %q", len(user.Roles), user.Roles)
	}
	if len(user.Organizations) != 200 || user.Organizations[199] != 1_000_199 {
		t.Errorf("the organizations are %d", user.Organizations)
	}
}

func changedPassword(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@example.com")
	cache := oro.NewCache(oro.CacheOptions{Users: openDatabase(t, s.url, 4), TTL: 2 * time.Second, Timeout: inTime, Concurrency: 4})
	if user := mustFind(t, cache, "anna"); user.Password != "hash of anna" {
		t.Fatalf("the password is %q", user.Password)
	}
	s.exec(t, "UPDATE oro_user SET password = 'new' WHERE username = 'anna'")
	eventually(t, "the new password counts", func() bool { return mustFind(t, cache, "anna").Password == "new" })
	if hits := cache.Stats().Hits; hits == 0 {
		t.Error("the cache was not used")
	}
}

func goesAndComesBack(t *testing.T, s *databaseServer) {
	if s.pooled {
		comesBackBehindPooler(t, s)
		return
	}
	s.addUser(t, 1, "anna", "anna@example.com")
	const connections = 8
	d := openDatabase(t, s.url, connections)
	cache := oro.NewCache(oro.CacheOptions{Users: d, Timeout: inTime, Concurrency: connections})
	ask := func() (failures []error) {
		var wait sync.WaitGroup
		var mu sync.Mutex
		for i := range 4 * connections {
			wait.Go(func() {
				users := oro.Users(d)
				if i%2 == 0 {
					users = cache
				}
				user, err := find(t, users, "anna")
				if err == nil && (user == nil || user.ID != 1) {
					err = fmt.Errorf("the user is %+v", user)
				}
				if err != nil {
					mu.Lock()
					defer mu.Unlock()
					failures = append(failures, err)
				}
			})
		}
		wait.Wait()
		return failures
	}
	if failures := ask(); failures != nil {
		t.Fatal(failures)
	}
	for range 2 {
		s.stop(t)
		if failures := ask(); len(failures) != 4*connections {
			t.Fatalf("%d questions failed while the database is away: %v", len(failures), failures)
		} else if text := failures[0].Error(); !strings.HasPrefix(text, "ask the application's database: ") ||
			!strings.Contains(text, "connect") || strings.Contains(text, "\n") || strings.Contains(text, databasePassword) {
			t.Errorf("the error is %q", text)
		}
		s.start(t)
		if failures := ask(); failures != nil {
			t.Fatalf("the database is back: %v", failures)
		}
		// Now all connections are there, and die while they are idle.
		s.stop(t)
		s.start(t)
		if failures := ask(); failures != nil {
			t.Fatalf("the database was started anew: %v", failures)
		}
	}
}

// comesBackBehindPooler is goesAndComesBack for a pooler, which holds questions back and ends some late.
func comesBackBehindPooler(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@example.com")
	users := oro.NewCache(oro.CacheOptions{Users: openDatabase(t, s.url, 4), Timeout: time.Second, Concurrency: 4})
	if user := mustFind(t, users, "anna"); user == nil {
		t.Fatal("anna is unknown")
	}
	s.stop(t)
	if _, err := find(t, users, "anna"); err == nil {
		t.Error("a question without a database has an answer")
	}
	s.start(t)
	eventually(t, "the database is back", func() bool {
		user, err := find(t, users, "anna")
		return err == nil && user != nil
	})
}

func onlyRead(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@example.com")
	view := []string{
		"ALTER TABLE oro_user RENAME TO real_user", "CREATE SEQUENCE written",
		"CREATE VIEW oro_user AS SELECT * FROM real_user WHERE nextval('written') > 0",
		`GRANT ALL ON ALL TABLES IN SCHEMA public TO "` + databaseUser + `"`, `GRANT ALL ON written TO "` + databaseUser + `"`,
	}
	if s.driver == "mysql" {
		view = []string{
			"RENAME TABLE oro_user TO real_user", "CREATE TABLE written (n int)",
			"CREATE FUNCTION write_it() RETURNS int BEGIN INSERT INTO written VALUES (1); RETURN 1; END",
			"CREATE VIEW oro_user AS SELECT * FROM real_user WHERE write_it() > 0",
		}
	}
	s.exec(t, view...)
	d := openDatabase(t, s.url, 1)
	_, first := find(t, d, "anna") // by the first connection to a pooler, which has no parameter
	_, err := find(t, d, "anna")
	if err == nil || !strings.Contains(strings.ReplaceAll(strings.ToLower(err.Error()), "-", " "), "read only transaction") {
		t.Errorf("a question that writes fails by %v and %v, want that the session is read-only", first, err)
	}
	s.exec(t, "DROP VIEW oro_user", "ALTER TABLE real_user RENAME TO oro_user")
	if user := mustFind(t, d, "anna"); user == nil {
		t.Error("anna is unknown")
	}
}

func connectionsAreBounded(t *testing.T, s *databaseServer) {
	const connections = 3
	d := openDatabase(t, s.url, connections)
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			if _, err := find(t, d, fmt.Sprint("stranger ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	count := "SELECT count(*) FROM pg_stat_activity WHERE usename = '" + databaseUser + "'"
	if s.driver == "mysql" {
		count = "SELECT count(*) FROM information_schema.processlist WHERE user = '" + databaseUser + "'"
	}
	var found int
	if err := s.db.QueryRowContext(t.Context(), count).Scan(&found); err != nil || found == 0 || found > connections {
		t.Errorf("there are %d connections, %v, want at most %d", found, err, connections)
	}
}

func questionsEnd(t *testing.T, s *databaseServer) {
	s.addUser(t, 1, "anna", "anna@example.com")
	cache := oro.NewCache(oro.CacheOptions{Users: openDatabase(t, s.url, 1), Timeout: time.Second, Concurrency: 1})
	lock, unlock := "LOCK TABLE oro_user", "COMMIT"
	if s.driver == "mysql" {
		lock, unlock = "LOCK TABLES oro_user WRITE", "UNLOCK TABLES"
	} else {
		lock = "BEGIN; " + lock
	}
	conn, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 5 {
		wait.Go(func() {
			_, err := find(t, cache, fmt.Sprint("stranger ", i))
			if !errors.Is(err, context.DeadlineExceeded) && (err == nil || !strings.Contains(err.Error(), "oro.users.timeout")) {
				t.Errorf("the error is %v, want oro.users.timeout", err)
			}
		})
	}
	wait.Wait()
	if _, err := conn.ExecContext(t.Context(), unlock); err != nil {
		t.Fatal(err)
	}
	if user := mustFind(t, cache, "anna"); user == nil {
		t.Error("anna is unknown after the lock")
	}
}

func applicationURL(t *testing.T, s *databaseServer) {
	d := openDatabase(t, s.url, 2)
	if url, err := d.ApplicationURL(t.Context()); err != nil || url != "" {
		t.Errorf("without a row it is %q, %v", url, err)
	}
	s.exec(t, "INSERT INTO oro_config_value (name, section, text_value) VALUES ('application_url', 'other', 'http://other/'), ('application_url', 'oro_ui', 'https://erp.example.com/')")
	if url, err := d.ApplicationURL(t.Context()); err != nil || url != "https://erp.example.com/" {
		t.Errorf("it is %q, %v", url, err)
	}
}

func wrongPassword(t *testing.T, s *databaseServer) {
	const wrong = "a wrong pass%word"
	if s.pooled {
		t.Skip("the pooler has the passwords")
	}
	source := strings.Replace(s.url, "oro%40app:", "oro%40app:"+strings.ReplaceAll(wrong, " ", "%20"), 1)
	_, err := find(t, openDatabase(t, source, 2), "anna")
	if err == nil || strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), databasePassword) || !strings.Contains(err.Error(), databaseUser) {
		t.Errorf("the error is %v", err)
	}
}
