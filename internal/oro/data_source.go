package oro

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// DataSource is a database of the application, and how to log in there. Printed, it has no password.
type DataSource struct {
	kind     databaseKind
	host     string // begins with / if it is the folder of PostgreSQL's socket; "" is the driver's default
	port     string // "" is the default of the kind
	socket   string // file of MySQL's socket
	user     string
	password string
	name     string
	options  map[string]string
}

// databaseKind is a kind of database server.
type databaseKind int

const (
	postgres databaseKind = iota + 1
	mysql                 // or MariaDB
)

func (k databaseKind) String() string {
	if k == mysql {
		return "MySQL"
	}
	return "PostgreSQL"
}

// scheme returns the scheme of URLs.
func (k databaseKind) scheme() string {
	if k == mysql {
		return "mysql"
	}
	return "postgres"
}

// databaseKinds holds the schemes and drivers of Doctrine, with _ for -.
var databaseKinds = map[string]databaseKind{
	"postgres": postgres, "postgresql": postgres, "pgsql": postgres, "pdo_pgsql": postgres,
	"mysql": mysql, "mysql2": mysql, "mysqli": mysql, "pdo_mysql": mysql, "mariadb": mysql,
}

// kindOf returns the kind of database of a scheme or driver of Doctrine, or 0.
func kindOf(scheme string) databaseKind {
	return databaseKinds[strings.ReplaceAll(strings.ToLower(scheme), "-", "_")]
}

// String returns the source without its password and options.
func (s *DataSource) String() string {
	host := s.host
	switch {
	case s.socket != "":
		host = s.socket
	case s.port != "":
		host = net.JoinHostPort(s.host, s.port)
	}
	return fmt.Sprintf("%s://%s@%s/%s", s.kind.scheme(), s.user, host, s.name)
}

// GoString implements [fmt.GoStringer] for %#v.
func (s *DataSource) GoString() string { return s.String() }

// ParseDataSource parses a URL as Doctrine reads it, which takes passwords that are encoded in part. No error has
// the password.
func ParseDataSource(text string) (*DataSource, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(text), "://")
	if !ok {
		return nil, errors.New("has no scheme, such as postgres:// or mysql://")
	}
	s := &DataSource{kind: kindOf(scheme)}
	if s.kind == 0 {
		return nil, errors.New("has a scheme other than postgres, pgsql, mysql and mariadb: Oro's users are in one of these")
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	// A slash in a password that is not encoded is left of the last @.
	at := strings.LastIndexByte(rest, '@')
	authority, path, _ := strings.Cut(rest[at+1:], "/")
	if at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		s.user, s.password = decodePercent(user), decodePercent(password)
	}
	s.name = decodePercent(strings.TrimRight(path, "/"))
	s.host, s.port = splitHost(authority)
	s.options = parseQuery(query)
	s.override()
	return s, s.check()
}

// splitHost splits an authority without a user.
func splitHost(authority string) (host, port string) {
	if end := strings.LastIndexByte(authority, ':'); end > strings.LastIndexByte(authority, ']') {
		authority, port = authority[:end], authority[end+1:]
	}
	return decodePercent(strings.TrimSuffix(strings.TrimPrefix(authority, "["), "]")), port
}

// override takes what the query says about the other parts: in Doctrine the query wins.
func (s *DataSource) override() {
	for name, part := range map[string]*string{"host": &s.host, "port": &s.port, "user": &s.user, "password": &s.password, "dbname": &s.name, "unix_socket": &s.socket} {
		if value, ok := s.options[name]; ok {
			*part = value
			delete(s.options, name)
		}
	}
	if s.kind == mysql && strings.HasPrefix(s.host, "/") {
		s.socket, s.host = s.host, ""
	}
	if s.kind == postgres && s.socket != "" {
		s.host, s.socket = s.socket, ""
	}
}

// check finds what no driver would take, so that it is found at the start.
func (s *DataSource) check() error {
	if s.name == "" {
		return errors.New("names no database: it is the last part, as in postgres://user:password@host/name")
	}
	if s.port != "" {
		if number, err := strconv.ParseUint(s.port, 10, 16); err != nil || number == 0 {
			return errors.New("has a port that is no number from 1 to 65535: a password with / : @ ? or # has to be percent-encoded")
		}
	}
	switch mode := s.options["sslmode"]; mode {
	case "", "disable", "allow", "prefer", "require", "verify-ca", "verify-full":
		return nil
	default:
		return errors.New("has an unknown sslmode: write disable, allow, prefer, require, verify-ca or verify-full")
	}
}

// decodePercent replaces what is percent-encoded. As in PHP, a % without two digits stays.
func decodePercent(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if i+2 < len(text) && text[i] == '%' {
			if code, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// parseQuery returns the last value of each option. As in PHP, + is a space.
func parseQuery(query string) map[string]string {
	options := make(map[string]string)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(strings.ReplaceAll(pair, "+", " "), "=")
		if name = decodePercent(name); name != "" {
			options[name] = decodePercent(value)
		}
	}
	return options
}

// dsn returns the source for PostgreSQL's driver, without the password.
func (s *DataSource) dsn() string {
	query := make(url.Values)
	for _, name := range []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "application_name"} {
		if value := s.options[name]; value != "" {
			query.Set(name, value)
		}
	}
	for name, value := range map[string]string{"host": s.host, "port": s.port, "user": s.user, "dbname": s.name} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return "postgres:///?" + query.Encode()
}
