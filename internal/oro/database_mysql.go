package oro

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"

	my "github.com/go-sql-driver/mysql"
)

var mysqlStatements = statements{
	find: `SELECT u.id, u.username, u.password, u.enabled,
 (SELECT JSON_ARRAYAGG(o.organization_id) FROM oro_user_organization o WHERE o.user_id = u.id),
 (SELECT JSON_ARRAYAGG(r.role) FROM oro_user_access_role a JOIN oro_access_role r ON r.id = a.role_id WHERE a.user_id = u.id)
FROM oro_user u WHERE u.username = ? OR u.email = ? ORDER BY (u.username = ?) DESC LIMIT 1`,
	applicationURL: applicationURLStatement,
	prepared:       true,
}

// mysqlConnector connects to MySQL or MariaDB. Its sessions are read-only.
type mysqlConnector struct{ driver.Connector }

func newMySQLConnector(s *DataSource) (*mysqlConnector, error) {
	config := my.NewConfig()
	config.User, config.Passwd, config.DBName = s.user, s.password, s.name
	config.Net, config.Addr = "tcp", net.JoinHostPort(orDefault(s.host, "127.0.0.1"), orDefault(s.port, "3306"))
	if s.socket != "" {
		config.Net, config.Addr = "unix", s.socket
	}
	config.Timeout = dialTimeout
	config.Logger = &my.NopLogger{} // errors are returned, too
	// Go's strings are UTF-8, whatever charset the application asks for. MariaDB cuts JSON at the length.
	config.Params = map[string]string{"group_concat_max_len": "16777216"}
	if err := config.Apply(my.Charset("utf8mb4", "")); err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	if err := useTLS(config, s); err != nil {
		return nil, err
	}
	inner, err := my.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	return &mysqlConnector{inner}, nil
}

func orDefault(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// useTLS maps PostgreSQL's sslmode, which MySQL lacks in URLs, and the files of Doctrine's driver mysqli.
func useTLS(config *my.Config, s *DataSource) error {
	authorities := orDefault(s.options["ssl_ca"], s.options["sslrootcert"])
	mode := s.options["sslmode"]
	switch {
	case authorities == "" && (mode == "" || mode == "disable"):
		return nil
	case authorities == "" && (mode == "prefer" || mode == "allow"):
		config.TLSConfig = "preferred"
		return nil
	}
	config.TLS = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: authorities == "" && mode == "require"}
	if authorities != "" {
		text, err := os.ReadFile(authorities)
		if err != nil {
			return fmt.Errorf("names authorities that cannot be read: %w", err)
		}
		config.TLS.RootCAs = x509.NewCertPool()
		if !config.TLS.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("names the authorities %s, a file without a certificate in the form PEM", authorities)
		}
	}
	if certificate := s.options["ssl_cert"]; certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, s.options["ssl_key"])
		if err != nil {
			return fmt.Errorf("names a certificate that cannot be read: %w", err)
		}
		config.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// Connect implements [driver.Connector].
func (c *mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	connection, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	executor, ok := connection.(driver.ExecerContext)
	if !ok {
		connection.Close()
		return nil, errors.New("the driver of MySQL cannot execute statements")
	}
	// Unlike the variable, whose name differs, servers of all versions know this statement.
	if _, err := executor.ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY", nil); err != nil {
		connection.Close()
		return nil, fmt.Errorf("make the session read-only: %w", err)
	}
	return connection, nil
}

// inTransaction implements [connector].
func (*mysqlConnector) inTransaction() bool { return false }

// The server's errors that mean a lost connection: it is shutting down, the connection was killed, it was idle.
const (
	mysqlShutdown = 1053
	mysqlKilled   = 1927
	mysqlIdle     = 4031
)

// lostByMySQL reports whether a question failed because its connection was lost, and not by the database's answer.
func lostByMySQL(err error) bool {
	if answer, ok := errors.AsType[*my.MySQLError](err); ok {
		return answer.Number == mysqlShutdown || answer.Number == mysqlKilled || answer.Number == mysqlIdle
	}
	failed, ok := errors.AsType[*net.OpError](err)
	return !ok || failed.Op != "dial" // a new connection
}

// mysqlMix is the server's error for a text that a column cannot hold: an emoji where the charset is utf8, with
// three bytes a character.
const mysqlMix = 1267

// isForeign reports whether a name has characters that the column cannot hold, so no user has that name.
func isForeign(err error) bool {
	answer, ok := errors.AsType[*my.MySQLError](err)
	return ok && answer.Number == mysqlMix
}

// Interface guards.
var _ connector = (*mysqlConnector)(nil)
