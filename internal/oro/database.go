package oro

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

const (
	// maxName is the length of the columns username and email in characters.
	maxName = 255
	// dialTimeout ends what a question does not wait for any more.
	dialTimeout = 5 * time.Second
	// A connection is closed after idleTime without a question, and after maxAge, so that a database that moved is
	// found.
	idleTime = 30 * time.Second
	maxAge   = 10 * time.Minute
)

// applicationURLStatement finds the address that the application has for itself.
const applicationURLStatement = `SELECT text_value FROM oro_config_value
WHERE section = 'oro_ui' AND name = 'application_url' AND text_value IS NOT NULL ORDER BY id LIMIT 1`

// Database asks the database of the application, which it only reads. Safe for concurrent use.
type Database struct {
	connector  connector
	statements statements
	lost       func(error) bool
	pool       *sql.DB
	idle       int                      // connections that wait for the next question
	prepared   atomic.Pointer[sql.Stmt] // the statement that finds users; nil before the first question
}

// connector makes connections whose sessions are read-only.
type connector interface {
	driver.Connector
	// inTransaction reports whether sessions are not read-only, so that each question needs a transaction that is.
	inTransaction() bool
}

// statements are the questions in the words of one kind of database.
type statements struct {
	find           string // its parameters: the name, and the e-mail address or NULL; MySQL's: the name once more
	applicationURL string
	prepared       bool // find is prepared once for each connection
}

// OpenDatabase returns a database with at most the given number of connections. It does not connect: that does the
// first question. Call Close after the last one.
func OpenDatabase(source *DataSource, connections int) (*Database, error) {
	d := &Database{idle: connections, statements: postgresStatements, lost: lostByPostgres}
	if source.kind == mysql {
		d.statements, d.lost = mysqlStatements, lostByMySQL
	}
	var err error
	if d.connector, err = source.connector(); err != nil {
		return nil, err
	}
	d.pool = sql.OpenDB(d.connector)
	d.pool.SetMaxOpenConns(connections)
	d.pool.SetMaxIdleConns(connections)
	d.pool.SetConnMaxIdleTime(idleTime)
	d.pool.SetConnMaxLifetime(maxAge)
	return d, nil
}

// connector returns what connects to the source. An error is what is wrong with its URL.
func (s *DataSource) connector() (connector, error) {
	if s.kind == mysql {
		return newMySQLConnector(s)
	}
	return newPostgresConnector(s)
}

// Close closes the connections.
func (d *Database) Close() error { return d.pool.Close() }

// Find implements [Users].
func (d *Database) Find(ctx context.Context, name string) (*User, error) {
	if !findable(name) {
		return nil, nil
	}
	parameters := []any{name, nil}
	if isEmail(name) {
		parameters[1] = name
	}
	if d.statements.prepared {
		parameters = append(parameters, name)
	}
	var user User
	var organizations, roles sql.NullString
	err := d.ask(ctx, func(ctx context.Context) error {
		row, done, err := d.row(ctx, parameters)
		if err != nil {
			return err
		}
		defer done()
		return row.Scan(&user.ID, &user.Username, &user.Password, &user.Enabled, &organizations, &roles)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), isForeign(err) && strings.IndexFunc(name, isNotASCII) >= 0:
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := decodeList(organizations, &user.Organizations); err != nil {
		return nil, fmt.Errorf("read the organizations of user %d: %w", user.ID, err)
	}
	if err := decodeList(roles, &user.Roles); err != nil {
		return nil, fmt.Errorf("read the roles of user %d: %w", user.ID, err)
	}
	return &user, nil
}

// row asks for a user. Call done after the row was read.
func (d *Database) row(ctx context.Context, parameters []any) (row *sql.Row, done func(), err error) {
	if d.statements.prepared {
		statement, err := d.prepare(ctx)
		if err != nil {
			return nil, nil, err
		}
		return statement.QueryRowContext(ctx, parameters...), func() {}, nil
	}
	return d.query(ctx, d.statements.find, parameters...)
}

// query asks a question that is not prepared. Call done after the row was read.
func (d *Database) query(ctx context.Context, statement string, parameters ...any) (row *sql.Row, done func(), err error) {
	if !d.connector.inTransaction() {
		return d.pool.QueryRowContext(ctx, statement, parameters...), func() {}, nil
	}
	transaction, err := d.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	return transaction.QueryRowContext(ctx, statement, parameters...), func() {
		_ = transaction.Rollback() // nothing was written; a failure closes the connection
	}, nil
}

// prepare returns the prepared statement. The pool prepares it again on each new connection.
func (d *Database) prepare(ctx context.Context) (*sql.Stmt, error) {
	if statement := d.prepared.Load(); statement != nil {
		return statement, nil
	}
	statement, err := d.pool.PrepareContext(ctx, d.statements.find)
	if err != nil {
		return nil, err
	}
	if !d.prepared.CompareAndSwap(nil, statement) {
		statement.Close() // another goroutine was first
	}
	return d.prepared.Load(), nil
}

// ask runs a question. If it had a connection that was lost since the last question, as all are after the server was
// started anew, it runs a second time, on a new connection.
func (d *Database) ask(ctx context.Context, question func(context.Context) error) error {
	err := question(ctx)
	if err != nil && ctx.Err() == nil && !errors.Is(err, sql.ErrNoRows) && d.lost(err) {
		d.pool.SetMaxIdleConns(0) // closes all that are idle
		d.pool.SetMaxIdleConns(d.idle)
		err = question(ctx)
	}
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return &databaseError{err}
}

// ApplicationURL returns oro_ui.application_url, or "" if the application has none.
func (d *Database) ApplicationURL(ctx context.Context) (string, error) {
	var url string
	err := d.ask(ctx, func(ctx context.Context) error {
		row, done, err := d.query(ctx, d.statements.applicationURL)
		if err != nil {
			return err
		}
		defer done()
		return row.Scan(&url)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return url, err
}

// databaseError is a failure of the database, in one line.
type databaseError struct{ err error }

func (e *databaseError) Error() string {
	var lines []string // PostgreSQL's driver tries an address with TLS and without, and has a line for each
	for line := range strings.Lines(e.err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return "ask the application's database: " + strings.Join(lines, " ")
}

func (e *databaseError) Unwrap() error { return e.err }

// decodeList decodes a list that the database has put together. A list that was cut is an error.
func decodeList[T int64 | string](text sql.NullString, list *[]T) error {
	if !text.Valid {
		return nil
	}
	if err := json.Unmarshal([]byte(text.String), list); err != nil {
		return fmt.Errorf("the database's list is no JSON: %w", err)
	}
	slices.Sort(*list)
	return nil
}

// findable reports whether a user may have a name. The database would answer with an error to the others.
func findable(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.Contains(name, "\x00") && utf8.RuneCountInString(name) <= maxName
}

// isEmail reports whether a name is an e-mail address as PHP sees it: ASCII, with a dot in its domain.
func isEmail(name string) bool {
	address, err := mail.ParseAddress(name)
	if err != nil || address.Name != "" || address.Address != name {
		return false
	}
	at := strings.LastIndexByte(name, '@')
	return strings.IndexFunc(name, isNotASCII) < 0 && at <= 64 && strings.Contains(name[at:], ".")
}

func isNotASCII(r rune) bool { return r >= utf8.RuneSelf }

// Interface guards.
var _ Users = (*Database)(nil)
