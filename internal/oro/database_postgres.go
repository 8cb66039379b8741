package oro

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// readOnlyParameter makes the transactions of a session read-only.
const readOnlyParameter = "default_transaction_read_only"

var postgresStatements = statements{
	find: `SELECT u.id, u.username, u.password, u.enabled,
 (SELECT json_agg(o.organization_id) FROM oro_user_organization o WHERE o.user_id = u.id)::text,
 (SELECT json_agg(r.role) FROM oro_user_access_role a JOIN oro_access_role r ON r.id = a.role_id WHERE a.user_id = u.id)::text
FROM oro_user u WHERE u.username = $1 OR u.email = $2 ORDER BY (u.username = $1) DESC LIMIT 1`,
	applicationURL: applicationURLStatement,
}

// postgresConnector connects to PostgreSQL.
type postgresConnector struct {
	config *pgx.ConnConfig

	// pooled is set if a connection pooler such as PgBouncer takes no parameters of the session. A statement
	// that sets one would change the session of whichever client has it next, so each question is a read-only
	// transaction instead.
	pooled atomic.Bool
}

func newPostgresConnector(s *DataSource) (*postgresConnector, error) {
	config, err := pgx.ParseConfig(s.dsn())
	if err != nil {
		if reason := errors.Unwrap(err); reason != nil {
			err = reason // without the URL
		}
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	if s.password != "" {
		config.Password = s.password
	}
	config.ConnectTimeout = dialTimeout
	// The statement has no name in the server, so it works through PgBouncer's pools of transactions, and after the
	// server was started anew.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams[readOnlyParameter] = "on"
	config.RuntimeParams["client_encoding"] = "UTF8"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "Tidings"
	}
	return &postgresConnector{config: config}, nil
}

// Connect implements [driver.Connector].
func (c *postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if !c.pooled.Load() {
		connection, err := stdlib.GetConnector(*c.config).Connect(ctx)
		if !refusesParameter(err) {
			return connection, err
		}
		c.pooled.Store(true)
	}
	config := c.config.Copy()
	delete(config.RuntimeParams, readOnlyParameter)
	return stdlib.GetConnector(*config).Connect(ctx)
}

// Driver implements [driver.Connector].
func (*postgresConnector) Driver() driver.Driver { return stdlib.GetDefaultDriver() }

// inTransaction implements [connector].
func (c *postgresConnector) inTransaction() bool { return c.pooled.Load() }

// refusesParameter reports whether the server refused a connection because of a parameter that it does not know.
func refusesParameter(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.Contains(refusal.Message, readOnlyParameter)
}

// lostByPostgres reports whether a question failed because its connection was lost, and not by the database's answer.
func lostByPostgres(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false // a new connection
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(answer.Code, "57P") || strings.HasPrefix(answer.Code, "08") // shut down, connection lost
	}
	return true
}

// Interface guards.
var _ connector = (*postgresConnector)(nil)
