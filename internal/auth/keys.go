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

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
)

const (
	// keyPrefix makes leaked keys easy to find in files and logs.
	keyPrefix = "tdk_"
	// keyDigits of base62 have more than 256 bits.
	keyDigits = 43
	// minKeyBytes excludes keys that a person made up. Keys are hashed fast and without a salt, which is safe
	// only for random keys.
	minKeyBytes = 16
	// maxKeyBytes limits the bytes that are hashed for a client that is not authenticated.
	maxKeyBytes = 512
	// hashPrefix names the hash function, so that another one can be added later.
	hashPrefix = "sha256:"
	// maxNameBytes limits names, which appear in logs and metrics.
	maxNameBytes = 64

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// KeyOptions declares an API key by the key itself or by its hash.
type KeyOptions struct {
	Name string
	Key  string   // "" if Hash is given
	Hash string   // as returned by [Hash]
	May  []string // scopes
	Demo bool     // the key may be short: it is in the manual
}

// Keys holds the hashes of the API keys of backends.
type Keys struct{ keys []key }

type key struct {
	name string
	hash [sha256.Size]byte
	may  []string
}

// NewKeys checks the declarations. The error names every mistake.
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
	if err := text.Check("the name", o.Name, maxNameBytes); err != nil {
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
		if strings.HasPrefix(o.Hash, keyPrefix) {
			return made, errors.New("this is a key: write it as key instead of hash")
		}
		if err != nil || len(digits) != sha256.Size {
			return made, fmt.Errorf("the hash must be %s and %d hexadecimal digits", hashPrefix, 2*sha256.Size)
		}
		made.hash = [sha256.Size]byte(digits)
	case text.SecretFlaw(o.Key) != "":
		return made, fmt.Errorf("the key %s", text.SecretFlaw(o.Key))
	case strings.HasPrefix(o.Key, hashPrefix):
		return made, errors.New("this is the hash of a key: write it as hash instead of key")
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

// Verify returns the name and the scopes of a key. It compares with all keys, in constant time.
func (k *Keys) Verify(secret string) (name string, scopes []string, ok bool) {
	found := k.find(secret)
	if found == nil {
		return "", nil, false
	}
	return found.name, found.may, true
}

// Scopes returns the scopes of the key with a name.
func (k *Keys) Scopes(name string) (scopes []string, ok bool) {
	if found := k.named(name); found != nil {
		return found.may, true
	}
	return nil, false
}

// named returns the key with a name, or nil.
func (k *Keys) named(name string) *key {
	if k == nil {
		return nil
	}
	for i := range k.keys {
		if k.keys[i].name == name {
			return &k.keys[i]
		}
	}
	return nil
}

// any reports whether a key is declared.
func (k *Keys) any() bool { return k != nil && len(k.keys) > 0 }

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

func (k *key) identity() *peer.Identity {
	return &peer.Identity{
		ID: k.name, Name: k.name, Roles: []string{"backend"},
		Method: "ticket", Provider: providerKey, Backend: true, Key: k.name,
	}
}

// NewKey returns a random key.
func NewKey() string {
	digits := make([]byte, 0, keyDigits)
	for len(digits) < keyDigits {
		var random [keyDigits]byte
		rand.Read(random[:]) // cannot fail: crypto/rand ends the program instead
		for _, b := range random {
			// 248 is 4*62: larger bytes would make some digits more likely.
			if b < 248 && len(digits) < keyDigits {
				digits = append(digits, base62[b%62])
			}
		}
	}
	return keyPrefix + string(digits)
}

// Hash returns the hash of a key, which the configuration may hold instead of the key.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hashPrefix + hex.EncodeToString(sum[:])
}
