package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
)

// maxUserKeys limits the public keys of one user, one for each device.
const maxUserKeys = 32

// UserOptions declares a user. At least one credential is required.
type UserOptions struct {
	AuthID   string // WAMP authid
	Name     string // display name; "" means the authid
	Roles    []string
	Tenant   string
	Claims   map[string]any
	Password string   // as returned by [HashPassword]
	CRA      *CRA     // for wampcra
	SCRAM    *SCRAM   // for wamp-scram
	Keys     []string // Ed25519 public keys in hexadecimal, for cryptosign
}

// user is a user with decoded credentials. A nil field is a credential that the user does not have.
type user struct {
	profile  peer.Identity // without Method and Provider
	provider string
	life     time.Duration // of sessions; 0: they have no end
	password *passwordHash
	cra      *CRA
	scram    *scramSecret
	keys     []ed25519.PublicKey
}

// identity returns the identity of a user that has logged in by a method.
func (u *user) identity(method string) *peer.Identity {
	who := u.profile
	who.Method, who.Provider = method, u.provider
	endAfter(&who, u.life)
	return &who
}

func newUser(o UserOptions) (*user, error) {
	if o.AuthID == "" {
		return nil, errors.New("the authid is missing")
	}
	c := claims{Name: o.Name, Roles: o.Roles, Tenant: o.Tenant, Extra: o.Claims}
	c.Subject = o.AuthID
	if err := c.checkUser(); err != nil {
		return nil, err
	}
	u := &user{profile: *c.identity(), provider: providerStatic}
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

// Users holds the users of the configuration. It has no passwords and no secrets from which a password could be
// derived. The exception are keys of wampcra, which are as good as a password.
type Users struct {
	byID    map[string]*user
	byKey   map[string]*user // by the bytes of a public key
	inOrder []*user          // in order of declaration
}

// NewUsers returns an empty set. It is safe for concurrent use only after the last Add.
func NewUsers() *Users {
	return &Users{byID: make(map[string]*user), byKey: make(map[string]*user)}
}

// Add adds a user.
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
			return fmt.Errorf("cryptosign: the key %x is the key of %q already", []byte(key), owner.profile.ID)
		}
	}
	for _, key := range added.keys {
		u.byKey[string(key)] = added
	}
	u.byID[o.AuthID] = added
	u.inOrder = append(u.inOrder, added)
	return nil
}

// Len returns the number of users.
func (u *Users) Len() int { return len(u.inOrder) }

// find returns the user of an authid if it has a credential, or nil.
func (u *Users) find(authid string, has func(*user) bool) *user {
	if u == nil {
		return nil
	}
	if found := u.byID[authid]; found != nil && has(found) {
		return found
	}
	return nil
}

// knows reports whether a user has the authid.
func (u *Users) knows(authid string) bool { return u != nil && u.byID[authid] != nil }

// anyHas reports whether any user has a credential.
func (u *Users) anyHas(has func(*user) bool) bool {
	return u != nil && slices.ContainsFunc(u.inOrder, has)
}

func hasPassword(u *user) bool { return u.password != nil }
func hasCRA(u *user) bool      { return u.cra != nil }
func hasSCRAM(u *user) bool    { return u.scram != nil }
func hasKeys(u *user) bool     { return len(u.keys) > 0 }

// seed derives a secret from the users' credentials. It changes only with them.
func (u *Users) seed() []byte {
	if u == nil || len(u.inOrder) == 0 {
		return nil
	}
	hash := sha256.New()
	for _, user := range u.inOrder {
		fmt.Fprintf(hash, "%q\n", user.profile.ID)
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
