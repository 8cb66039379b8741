//go:build linux

package oro_test

import "testing"

// databases starts each kind of database that an application may have.
var databases = map[string]func(*testing.T) *databaseServer{"PostgreSQL": startPostgres, "MariaDB": startMariaDB}

func TestDatabaseServersKeepTheirTablesOverARestart(t *testing.T) {
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.exec(t, "INSERT INTO oro_user (username, email, password, enabled) VALUES ('anna', 'anna@example.com', 'hash', true)")
			s.stop(t)
			s.start(t)
			var id int
			if err := s.db.QueryRowContext(t.Context(), "SELECT id FROM oro_user WHERE username = 'anna'").Scan(&id); err != nil || id != 1 {
				t.Errorf("the id is %d, %v, want 1", id, err)
			}
		})
	}
}
