//go:build unix

package oro_test

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)

const (
	// databaseUser and databasePassword log the application in. The characters have to be encoded in a URL.
	databaseUser     = "oro@app"
	databasePassword = "p%ss:w/rd?#ä"
	databaseName     = "oro_db"

	// startTries times startPause is how long a database server may take to start.
	startTries = 600
	startPause = 100 * time.Millisecond

	// unprivileged is the user that runs the database servers, if root runs the tests: they refuse to run as root.
	unprivileged = 65534
)

// databaseServer is a real PostgreSQL or MariaDB with the tables of an OroPlatform application.
type databaseServer struct {
	url    string // of the application, as Doctrine writes it
	driver string // of admin
	admin  string // data source of the superuser
	folder string
	port   int
	pooled bool // url is that of a pooler

	command func() *exec.Cmd
	quit    os.Signal // ends the server without waiting for clients
	running *exec.Cmd // nil after stop
	ended   chan struct{}
	db      *sql.DB
}

// startPostgres starts a PostgreSQL of Debian's packages, or skips the test. It ends with the test.
func startPostgres(t *testing.T) *databaseServer {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		t.Skip("postgres is missing: .ci/tools installs it on Debian")
	}
	programs := filepath.Dir(found[len(found)-1])
	s := newDatabaseServer(t)
	data, passwords := filepath.Join(s.folder, "data"), filepath.Join(s.folder, "password")
	s.write(t, passwords, "superuser")
	s.setUp(t, filepath.Join(programs, "initdb"), "--pgdata", data, "--username", "admin", "--pwfile", passwords,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	s.driver, s.admin = "pgx", "postgres://admin:superuser@"+s.address()+"/postgres?sslmode=disable"
	s.quit = syscall.SIGINT
	s.command = func() *exec.Cmd {
		return exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-p", strconv.Itoa(s.port), "-k", s.folder,
			"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60")
	}
	s.start(t)
	s.exec(t, `CREATE ROLE "`+databaseUser+`" LOGIN PASSWORD '`+databasePassword+`'`,
		`CREATE DATABASE `+databaseName+` OWNER "`+databaseUser+`"`)
	s.url = s.urlOf("postgres", "?sslmode=disable&charset=utf8&serverVersion=13.7")
	s.use(t, "postgres://admin:superuser@"+s.address()+"/"+databaseName+"?sslmode=disable")
	s.exec(t, oroTables("serial", "boolean")...)
	s.exec(t, `GRANT SELECT ON oro_user, oro_user_organization, oro_user_access_role, oro_access_role, oro_config_value TO "`+databaseUser+`"`)
	return s
}

// startMariaDB starts a MariaDB of Debian's packages, or skips the test. It ends with the test.
func startMariaDB(t *testing.T) *databaseServer {
	t.Helper()
	const server, install, settings = "/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db", "/usr/bin/my_print_defaults"
	for _, program := range []string{server, install, settings} {
		if _, err := os.Stat(program); err != nil {
			t.Skip(program + " is missing: .ci/tools installs it on Debian")
		}
	}
	s := newDatabaseServer(t)
	data, socket := filepath.Join(s.folder, "data"), filepath.Join(s.folder, "socket")
	s.setUp(t, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db",
		"--skip-name-resolve")
	s.driver, s.admin = "mysql", "root@unix("+socket+")/mysql"
	s.quit = syscall.SIGTERM
	s.command = func() *exec.Cmd {
		return exec.Command(server, "--no-defaults", "--datadir="+data, "--socket="+socket, "--bind-address=127.0.0.1",
			"--port="+strconv.Itoa(s.port), "--pid-file="+filepath.Join(s.folder, "pid"), "--skip-name-resolve",
			"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--max-connections=60",
			"--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci")
	}
	s.start(t)
	s.exec(t, "CREATE DATABASE "+databaseName,
		"CREATE USER '"+databaseUser+"'@'%' IDENTIFIED BY '"+databasePassword+"'",
		"GRANT ALL ON "+databaseName+".* TO '"+databaseUser+"'@'%'")
	s.url = s.urlOf("mysql", "?charset=utf8mb4&serverVersion=8.0")
	s.use(t, "root@unix("+socket+")/"+databaseName)
	s.exec(t, oroTables("int AUTO_INCREMENT", "tinyint(1)")...)
	return s
}

// oroTables returns the statements that make the tables, with the columns that are read of them and the lengths and
// indexes that the application gives these.
func oroTables(serial, boolean string) []string {
	return []string{
		"CREATE TABLE oro_user (id " + serial + " PRIMARY KEY, username varchar(255) NOT NULL UNIQUE, email varchar(255) NOT NULL UNIQUE, password varchar(255) NOT NULL, enabled " + boolean + " NOT NULL)",
		"CREATE TABLE oro_user_organization (user_id int NOT NULL, organization_id int NOT NULL, PRIMARY KEY (user_id, organization_id))",
		"CREATE TABLE oro_access_role (id " + serial + " PRIMARY KEY, role varchar(30) NOT NULL UNIQUE)",
		"CREATE TABLE oro_user_access_role (user_id int NOT NULL, role_id int NOT NULL, PRIMARY KEY (user_id, role_id))",
		"CREATE TABLE oro_config_value (id " + serial + " PRIMARY KEY, config_id int, name varchar(255) NOT NULL, section varchar(50), text_value text)",
	}
}

func newDatabaseServer(t *testing.T) *databaseServer {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a database server; runs without -short")
	}
	folder, err := os.MkdirTemp("", "tidings-db-") //nolint:usetesting // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	s := &databaseServer{folder: folder}
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, unprivileged, unprivileged); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	t.Cleanup(func() {
		if s.db != nil {
			_ = s.db.Close() // the server may be gone
		}
		s.stop(t)
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return s
}

// address returns the address that the server listens on, also while the server is stopped.
func (s *databaseServer) address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// urlOf returns the URL of the application's database, as Doctrine reads it.
func (s *databaseServer) urlOf(scheme, query string) string {
	return scheme + "://" + url.QueryEscape(databaseUser) + ":" + url.QueryEscape(databasePassword) + "@" + s.address() + "/" + databaseName + query
}

func (s *databaseServer) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(file, unprivileged, unprivileged); err != nil {
			t.Fatal(err)
		}
	}
}

// asUnprivileged makes a program run as a user that may own a database, in the server's folder.
func (s *databaseServer) asUnprivileged(command *exec.Cmd) *exec.Cmd {
	command.Dir = s.folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + s.folder, "TMPDIR=" + s.folder}
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unprivileged, Gid: unprivileged}}
	}
	return command
}

func (s *databaseServer) setUp(t *testing.T, program string, arguments ...string) {
	t.Helper()
	if out, err := s.asUnprivileged(exec.Command(program, arguments...)).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// start starts the server and waits until it answers. It is also the way back after stop.
func (s *databaseServer) start(t *testing.T) {
	t.Helper()
	command := s.asUnprivileged(s.command())
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s.running, s.ended = command, make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = command.Wait() // stop ends it by a signal
	}()
	if s.db == nil {
		s.use(t, s.admin)
	}
	for range startTries {
		if err = s.ping(t); err == nil {
			return
		}
		select {
		case <-s.ended:
			t.Fatalf("the database server ended:\n%s", s.log())
		case <-time.After(startPause):
		}
	}
	t.Fatalf("the database server does not answer: %v\n%s", err, s.log())
}

func (s *databaseServer) ping(t *testing.T) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return s.db.PingContext(ctx)
}

// stop ends the server with all of its connections. A stopped server stays stopped.
func (s *databaseServer) stop(t *testing.T) {
	t.Helper()
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(s.quit) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(startTries * startPause):
		_ = s.running.Process.Kill()
		<-s.ended
		t.Errorf("the database server had to be killed:\n%s", s.log())
	}
	s.running = nil
}

func (s *databaseServer) log() string {
	text, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// use makes exec work on another data source.
func (s *databaseServer) use(t *testing.T, source string) {
	t.Helper()
	if s.db != nil {
		_ = s.db.Close() // nothing is open on it
	}
	var err error
	if s.db, err = sql.Open(s.driver, source); err != nil {
		t.Fatal(err)
	}
}

// exec runs statements as the superuser.
func (s *databaseServer) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := s.db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
