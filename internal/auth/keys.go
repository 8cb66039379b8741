package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
)

const (
	// keyPrefix makes a key recognizable in a file or a log it should not be in.
	keyPrefix = "tdk_"
	// keyDigits of base62 are more than 256 bits.
	keyDigits = 43
	// minKeyBytes keeps keys that a person made up out: they are hashed without a salt and without
	// being slow, which only a random key can afford.
	minKeyBytes = 16
	// maxKeyBytes bounds what is hashed for a client that has proved nothing.
	maxKeyBytes = 512
	// hashPrefix names how a key was hashed, so that another way can be told apart later.
	hashPrefix = "sha256:"
	// maxNameBytes bounds names: they stand in logs and metrics.
	maxNameBytes = 64

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// KeyOptions declares an API key: by the key itself, or by its hash.
type KeyOptions struct {
	Name string
	Key  string   // "" if Hash is given
	Hash string   // as [Hash] gives it
	May  []string // scopes
	Demo bool     // the key may be short: everybody who reads the manual knows it anyway
}

// Keys are the API keys of backends. It holds hashes only.
type Keys struct{ keys []key }

type key struct {
	name string
	hash [sha256.Size]byte
	may  []string
}

// NewKeys checks the declarations; the error names every mistake.
func NewKeys(declared []KeyOptions) (*Keys, error) {
	k := &Keys{}
	var problems []error
	for i, o := range declared {
		added, err := k.declare(o)
		if err != nil {
			problems = append(problems, fmt.Errorf("API key %d (%q): %w", i+1, o.Name, err))
			continue
		}
		k.keys = append(k.keys, added)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return k, nil
}

func (k *Keys) declare(o KeyOptions) (key, error) {
	made := key{name: o.Name, may: slices.Clone(o.May)}
	if err := checkText("the name", o.Name, maxNameBytes); err != nil {
		return made, err
	}
	if o.Name == "" {
		return made, errors.New("the name is missing")
	}
	switch {
	case (o.Key == "") == (o.Hash == ""):
		return made, errors.New("give the key or its hash, one of them")
	case o.Hash != "":
		digits, err := hex.DecodeString(strings.TrimPrefix(o.Hash, hashPrefix))
		if err != nil || len(digits) != sha256.Size {
			return made, fmt.Errorf("the hash must be %s and %d hexadecimal digits", hashPrefix, 2*sha256.Size)
		}
		made.hash = [sha256.Size]byte(digits)
	case len(o.Key) > maxKeyBytes:
		return made, fmt.Errorf("the key has %d bytes; at most %d are taken", len(o.Key), maxKeyBytes)
	case len(o.Key) < minKeyBytes && !o.Demo:
		return made, fmt.Errorf("the key has %d bytes; take a random one of at least %d", len(o.Key), minKeyBytes)
	default:
		made.hash = sha256.Sum256([]byte(o.Key))
	}
	for _, other := range k.keys {
		if other.name == made.name {
			return made, errors.New("the name is taken by an earlier key")
		}
		if other.hash == made.hash {
			return made, fmt.Errorf("it is the same key as %q: each name needs its own", other.name)
		}
	}
	return made, nil
}

// Verify says whose key it is and what it may do. It compares with all keys, in a time that tells
// nothing about them.
func (k *Keys) Verify(secret string) (name string, scopes []string, ok bool) {
	found := k.find(secret)
	if found == nil {
		return "", nil, false
	}
	return found.name, found.may, true
}

// Scopes gives what the key of this name may do.
func (k *Keys) Scopes(name string) (scopes []string, ok bool) {
	for i := range k.keys {
		if k.keys[i].name == name {
			return k.keys[i].may, true
		}
	}
	return nil, false
}

func (k *Keys) find(secret string) *key {
	if secret == "" || len(secret) > maxKeyBytes {
		return nil
	}
	hash := sha256.Sum256([]byte(secret))
	found := -1
	for i := range k.keys {
		same := subtle.ConstantTimeCompare(hash[:], k.keys[i].hash[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return nil
	}
	return &k.keys[found]
}

func (k *key) identity() *router.Identity {
	return &router.Identity{
		ID: k.name, Name: k.name, Roles: []string{"backend"},
		Method: "ticket", Provider: "api_key", Backend: true, Key: k.name,
	}
}

// NewKey makes a random key.
func NewKey() string {
	digits := make([]byte, 0, keyDigits)
	for len(digits) < keyDigits {
		var random [keyDigits]byte
		rand.Read(random[:]) // never fails: the runtime ends the program instead
		for _, b := range random {
			// 248 is 4*62: bytes above it would make some digits likelier.
			if b < 248 && len(digits) < keyDigits {
				digits = append(digits, base62[b%62])
			}
		}
	}
	return keyPrefix + string(digits)
}

// Hash gives what the configuration may hold instead of the key.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hashPrefix + hex.EncodeToString(sum[:])
}
