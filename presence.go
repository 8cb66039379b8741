//go:build !without_presence

package tidings

import (
	"errors"

	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/server"
)

// Attendance tells which users view or edit a record.
type Attendance = presence.Attendance

// Attendance returns the users at a record, such as "order.42".
func (s *Server) Attendance(record string) (Attendance, error) {
	component, ok := server.Component[*presence.Component](s.inner)
	if !ok {
		return Attendance{}, errNoPresence
	}
	attendance, err := component.People(record)
	return attendance, publicError(err)
}

var errNoPresence = errors.New("this server was built without presence")
