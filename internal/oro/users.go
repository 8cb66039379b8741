package oro

import "context"

// User is a user of the application, as its table oro_user has it.
type User struct {
	ID            int64
	Username      string
	Password      string // the hash, as it is stored: tickets are made with it
	Enabled       bool
	Organizations []int64
	Roles         []string
}

// Users finds users. Safe for concurrent use.
type Users interface {
	// Find returns the user with that name, else the one with that e-mail address, else nil. An error means that the
	// application could not be asked.
	Find(ctx context.Context, name string) (*User, error)
}
