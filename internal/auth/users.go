package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/router"
)

// maxUserKeys bounds the public keys of one user: a laptop, a phone, some machines.
const maxUserKeys = 32

// UserOptions declare somebody who may log in, and how. At least one credential is needed.
type UserOptions struct {
	AuthID   string // WAMP authid
	Name     string // for people; "" is the authid
	Roles    []string
	Tenant   string
	Claims   map[string]any
	Password string   // as [HashPassword] gives it
	CRA      *CRA     // for wampcra
	SCRAM    *SCRAM   // for wamp-scram
	Keys     []string // Ed25519 public keys in hexadecimal, for cryptosign
}

// user is somebody who is known, ready to be compared with. A field that is nil is a credential that
// the user does not have.
type user struct {
	who      router.Identity // without Method and Provider
	provider string
	password *passwordHash
	cra      *CRA
	scram    *scramSecret
	keys     []ed25519.PublicKey
}

// identity is who the user is once it has proved that by a method.
func (u *user) identity(method string) *router.Identity {
	who := u.who
	who.Method, who.Provider = method, u.provider
	return &who
}

func newUser(o UserOptions) (*user, error) {
	if o.AuthID == "" {
		return nil, errors.New("the authid is missing")
	}
	c := claims{Name: o.Name, Roles: o.Roles, Tenant: o.Tenant, Extra: o.Claims}
	c.Subject = o.AuthID
	if err := c.checkPerson(); err != nil {
		return nil, err
	}
	u := &user{who: *c.identity(), provider: providerStatic}
	var err error
	if o.Password != "" {
		if u.password, err = parsePassword(o.Password); err != nil {
			return nil, err
		}
	}
	if o.CRA != nil {
		if err := o.CRA.check(); err != nil {
			return nil, fmt.Errorf("wampcra: %w", err)
		}
		cra := *o.CRA
		u.cra = &cra
	}
	if o.SCRAM != nil {
		if u.scram, err = o.SCRAM.secret(); err != nil {
			return nil, fmt.Errorf("wamp-scram: %w", err)
		}
	}
	if len(o.Keys) > maxUserKeys {
		return nil, fmt.Errorf("cryptosign: at most %d keys are taken, not %d", maxUserKeys, len(o.Keys))
	}
	for _, text := range o.Keys {
		key, err := parsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("cryptosign: %w", err)
		}
		u.keys = append(u.keys, key)
	}
	return u, nil
}

// Users are those who are declared in the configuration. It holds no password and no secret that one
// could be told from; the keys for wampcra are as good as the password there, and are the exception.
type Users struct {
	byID  map[string]*user
	byKey map[string]*user // by the bytes of a public key
	first []*user          // in order of declaration
}

// NewUsers makes an empty set. It is not safe for concurrent use before the last Add.
func NewUsers() *Users {
	return &Users{byID: make(map[string]*user), byKey: make(map[string]*user)}
}

// Add declares a user.
func (u *Users) Add(o UserOptions) error {
	added, err := newUser(o)
	if err != nil {
		return err
	}
	if added.password == nil && added.cra == nil && added.scram == nil && len(added.keys) == 0 {
		return errors.New("the user has no credential: give a password, wampcra, scram or cryptosign")
	}
	if u.byID[o.AuthID] != nil {
		return fmt.Errorf("two users have the authid %q", o.AuthID)
	}
	for _, key := range added.keys {
		if owner := u.byKey[string(key)]; owner != nil {
			return fmt.Errorf("cryptosign: the key %x is the key of %q already", []byte(key), owner.who.ID)
		}
	}
	for _, key := range added.keys {
		u.byKey[string(key)] = added
	}
	u.byID[o.AuthID] = added
	u.first = append(u.first, added)
	return nil
}

// Len is how many users there are.
func (u *Users) Len() int { return len(u.first) }

// find gives the user who has a credential for the method; nil if there is none.
func (u *Users) find(authid string, has func(*user) bool) *user {
	if u == nil {
		return nil
	}
	if found := u.byID[authid]; found != nil && has(found) {
		return found
	}
	return nil
}

// knows reports whether an authid is declared.
func (u *Users) knows(authid string) bool { return u != nil && u.byID[authid] != nil }

// some reports whether there is somebody with a credential.
func (u *Users) some(has func(*user) bool) bool {
	return u != nil && slices.ContainsFunc(u.first, has)
}

func hasPassword(u *user) bool { return u.password != nil }
func hasCRA(u *user) bool      { return u.cra != nil }
func hasSCRAM(u *user) bool    { return u.scram != nil }
func hasKeys(u *user) bool     { return len(u.keys) > 0 }

// seed is stable as long as the declarations are, and nobody knows it who does not know them.
func (u *Users) seed() []byte {
	if u == nil || len(u.first) == 0 {
		return nil
	}
	hash := sha256.New()
	for _, user := range u.first {
		fmt.Fprintf(hash, "%q\n", user.who.ID)
		if user.password != nil {
			hash.Write(user.password.hash)
		}
		if user.cra != nil {
			fmt.Fprintf(hash, "%q\n", user.cra.Key)
		}
		if user.scram != nil {
			hash.Write(user.scram.serverKey)
		}
	}
	return hash.Sum(nil)
}
