package publication

import (
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// ErrOutdated is the error of a publication with an older version than one before it.
const ErrOutdated wamp.URI = "tidings.error.outdated"

const (
	// MaxIdempotencyKey bounds PUBLISH.Options._id, in bytes.
	MaxIdempotencyKey = 128
	// MaxKey bounds PUBLISH.Options._key, in bytes.
	MaxKey = 128
	// MaxSeq is the highest Seq and version that every serialization and language expresses.
	MaxSeq = 1<<53 - 1
)

// Kept holds what a publisher says of a publication to a kept topic. The zero Kept says nothing.
type Kept struct {
	// IdempotencyKey makes the publication the same as an earlier one to this topic that had the same key. From
	// [Kept.By] on it begins with the name of its publisher. "": it is new.
	IdempotencyKey string
	Key            string // of the row, where the topic is a table
	Delete         bool   // the row is deleted
	Version        int64  // of the document that the topic, or the row, is about: an older one is refused; 0: none
}

// ParseKept reads the options of a PUBLISH that Tidings adds to WAMP.
func ParseKept(options wamp.Dict) (k Kept, err error) {
	if k.IdempotencyKey, err = shortText(options, "_id", MaxIdempotencyKey); err != nil {
		return k, err
	}
	if k.Key, err = shortText(options, "_key", MaxKey); err != nil {
		return k, err
	}
	if v := options["_delete"]; v != nil {
		isBool := false
		if k.Delete, isBool = v.(bool); !isBool {
			return k, InvalidOption("PUBLISH", "_delete", "a boolean")
		}
	}
	if options["_version"] != nil {
		n, isInt := options.Int("_version")
		if !isInt || n < 1 || n > MaxSeq {
			return k, InvalidOption("PUBLISH", "_version", "a number from 1 to 2^53 - 1")
		}
		k.Version = n
	}
	return k, nil
}

// OnlyKept reports whether a PUBLISH asks for an acknowledgement, and has no other options than those of Kept: none
// that narrows its receivers or changes its events.
func OnlyKept(options wamp.Dict) bool {
	if acknowledge, _ := options.Bool("acknowledge"); !acknowledge {
		return false
	}
	for name := range options {
		switch name {
		case "acknowledge", "_id", "_key", "_delete", "_version":
		default:
			return false
		}
	}
	return true
}

// InvalidOption returns the error of an option with a value that is not as the message wants it.
func InvalidOption(message, key, want string) error {
	return wamp.Fail(wamp.ErrInvalidArgument, "%s.Options.%s must be %s", message, key, want)
}

func shortText(options wamp.Dict, key string, most int) (string, error) {
	v := options[key]
	if v == nil {
		return "", nil
	}
	text, isText := v.(string)
	if !isText || text == "" || !isShort(text, most) {
		return "", wamp.Fail(wamp.ErrInvalidArgument, "PUBLISH.Options.%s must be a text of 1 to %d bytes", key, most)
	}
	return text, nil
}

func isShort(text string, most int) bool { return len(text) <= most && !strings.ContainsRune(text, 0) }

// Publisher has idempotency keys of its own: it is a user of a tenant, an API key, or the program.
type Publisher string

// ByProgram is the program that embeds the server.
const ByProgram Publisher = "program"

// ByKey returns the publisher that is an API key. A user of the same name is another one.
func ByKey(name string) Publisher { return Publisher("key\x00" + name) }

// By returns the publisher that is the session.
func (r Receiver) By() Publisher {
	if r.Backend {
		return ByKey(r.AuthID)
	}
	return Publisher("user\x00" + r.Tenant + "\x00" + r.AuthID)
}

// By checks what a publisher says, and makes the idempotency key one of this publisher.
func (k Kept) By(publisher Publisher) (Kept, error) {
	switch {
	case !isShort(k.IdempotencyKey, MaxIdempotencyKey):
		return Kept{}, wamp.Fail(wamp.ErrInvalidArgument, "the idempotency key must have at most %d bytes, and no zero byte", MaxIdempotencyKey)
	case !isShort(k.Key, MaxKey):
		return Kept{}, wamp.Fail(wamp.ErrInvalidArgument, "the key of a row must have at most %d bytes, and no zero byte", MaxKey)
	case k.Version < 0 || k.Version > MaxSeq:
		return Kept{}, wamp.Fail(wamp.ErrInvalidArgument, "the version must be a number from 1 to 2^53 - 1")
	}
	if k.IdempotencyKey != "" {
		k.IdempotencyKey = string(publisher) + "\x00" + k.IdempotencyKey
	}
	return k, nil
}

// Plain reports whether any topic can keep the publication: it has no key, deletion or version.
func (k *Kept) Plain() bool { return k.Key == "" && !k.Delete && k.Version == 0 }

// Check refuses a publication whose key, deletion or version its topic cannot keep.
func (k *Kept) Check(topic wamp.URI, keep Keep) error {
	switch {
	case k.Version != 0 && keep.Last == 0:
		return wamp.Fail(wamp.ErrInvalidArgument, "a version needs a topic that is kept: add keep to the contract of %s", topic)
	case k.Key != "" && !keep.PerKey:
		return wamp.Fail(wamp.ErrInvalidArgument, "a key needs a topic that is a table: add keep: {per: key} to the contract of %s", topic)
	case k.Delete && k.Key == "":
		return wamp.Fail(wamp.ErrInvalidArgument, "a deletion needs the key of the row to delete")
	}
	return nil
}
