package config

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

const (
	// minSecretBytes is the size of the result of HMAC-SHA256. A shorter secret would be the weakest part.
	minSecretBytes = 32
	// minKeyBytes is enough for a random key. The hash of keys is fast, so a guessable key would not be safe.
	minKeyBytes = 16
	// hashPrefix and hashDigits are the form of a hashed key.
	hashPrefix = "sha256:"
	hashDigits = 64
)

// validate checks what depends on several values. It skips keys that have a problem already, because their values
// are missing.
func (d *decoder) validate(c *Config, options Options) {
	d.validateTickets(c)
	d.validateKeys(c, options)
	for i := range c.Topics {
		d.validateHandler(c, &c.Topics[i])
		d.validateSlow(c, &c.Topics[i])
	}
	if c.Auth.Dynamic != nil {
		d.validateAsked(c, "auth.dynamic")
	}
	if c.Authorizer != nil {
		d.validateAsked(c, "authorizer")
	}
}

// given reports whether the file has a value for a key, valid or not.
func (d *decoder) given(path string) bool {
	_, ok := d.positions[path]
	return ok
}

func (d *decoder) at(c *Config, path, message, fix string) {
	pos := c.Pos(path)
	for _, p := range d.problems {
		if p.Pos == pos {
			return // a problem at this position is reported already
		}
	}
	d.tell(pos, message, fix)
}

func (d *decoder) validateTickets(c *Config) {
	if c.Auth.Tickets == nil {
		return
	}
	for i, secret := range c.Auth.Tickets.Secrets {
		if secret.value == nil {
			continue // it could not be decoded, which is reported
		}
		if length := len(secret.Reveal()); length < minSecretBytes {
			d.at(c, "auth.tickets.secret."+strconv.Itoa(i), fmt.Sprintf("secret has %d bytes; at least %d are needed", length, minSecretBytes), "make one with openssl rand -hex 32")
		}
	}
	if len(c.Auth.Tickets.Secrets) == 0 {
		d.at(c, "auth.tickets.secret", "secret has no value", "make one with openssl rand -hex 32")
	}
}

func (d *decoder) validateKeys(c *Config, options Options) {
	names, keys := make(map[string]int), make(map[string]int)
	for i := range c.APIKeys {
		key, path := &c.APIKeys[i], "api_keys."+strconv.Itoa(i)
		key.Demo = options.Demo
		if first, twice := names[key.Name]; twice && key.Name != "" {
			d.at(c, path+".name", fmt.Sprintf("two keys are named %s", key.Name), fmt.Sprintf("rename this one or that on line %d; while a key is replaced, the new one has another name", c.Pos("api_keys."+strconv.Itoa(first)).Line))
		}
		names[key.Name] = i
		secret := key.Key.Reveal() + key.Hash.Reveal()
		if first, twice := keys[secret]; twice && secret != "" {
			d.at(c, path, fmt.Sprintf("two API keys are the same, this one and the one on line %d", c.APIKeys[first].Pos.Line), "give each its own")
		}
		keys[secret] = i
		d.validateKey(c, key, path)
	}
}

func (d *decoder) validateKey(c *Config, key *APIKey, path string) {
	if len(key.May) == 0 && d.given(path+".may") {
		d.at(c, path+".may", "may is empty: the key is good for nothing", "name scopes, for example [publish, tickets]")
	}
	hash := strings.TrimPrefix(key.Hash.Reveal(), hashPrefix)
	hasKey, hasHash := d.given(path+".key"), d.given(path+".hash")
	switch {
	case !hasKey && !hasHash:
		d.at(c, path, "the API key has neither key nor hash", "add key: and a random text of at least 16 characters")
	case hasKey && hasHash:
		d.at(c, path+".hash", "the API key has both key and hash", "remove one of them")
	case key.Hash.value != nil:
		if _, err := hex.DecodeString(hash); err != nil || len(hash) != hashDigits {
			d.at(c, path+".hash", "hash is not sha256: and 64 hexadecimal digits", "make it with printf %s KEY | sha256sum")
		}
	case key.Key.value != nil && len(key.Key.Reveal()) < minKeyBytes && !key.Demo:
		d.at(c, path+".key", fmt.Sprintf("key has %d characters; at least %d random ones are needed", len(key.Key.Reveal()), minKeyBytes), "make one with openssl rand -hex 24")
	}
}

func (d *decoder) validateHandler(c *Config, t *Topic) {
	h, path := t.Handler, "topics."+t.Pattern.Value+".handler"
	if h == nil {
		return
	}
	d.validateAsked(c, path)
	if len(h.On) == 0 {
		d.at(c, path+".on", "on is empty: the handler is never asked", "write [subscribe, publish], or one of them")
	}
}

func (d *decoder) validateSlow(c *Config, t *Topic) {
	if path := "topics." + t.Pattern.Value + ".slow.rate"; t.Slow.Policy != "latest" && d.given(path) {
		d.at(c, path, "rate has no effect with the policy "+t.Slow.Policy, "write policy: latest, or remove rate")
	}
}

// validateAsked checks the keys webhook, procedure and secret of a section.
func (d *decoder) validateAsked(c *Config, path string) {
	what := path[strings.LastIndexByte(path, '.')+1:]
	webhook, procedure := d.given(path+".webhook"), d.given(path+".procedure")
	switch {
	case !webhook && !procedure:
		d.at(c, path, "the "+what+" has neither webhook nor procedure", "name who is asked")
	case webhook && procedure:
		d.at(c, path+".procedure", "the "+what+" has both webhook and procedure", "remove one of them")
	case procedure && d.given(path+".secret"):
		d.at(c, path+".secret", "a procedure needs no secret", "remove it: the secret signs the requests of webhooks")
	}
}
