package router

import (
	"strings"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// ErrOutdated is the error of a publication with an older version than one before it.
const ErrOutdated wamp.URI = "tidings.error.outdated"

const (
	// MaxIdempotencyKey bounds PUBLISH.Options._id, in bytes.
	MaxIdempotencyKey = 128
	// MaxKey bounds PUBLISH.Options._key, in bytes.
	MaxKey = 128
)

// Kept holds the options of a publication to kept topics. The zero Kept sets none.
type Kept struct {
	IdempotencyKey string // a retry with the same one is the same publication
	Key            string // of the row, where the topic is a table
	Delete         bool   // the row is deleted
	Version        int64  // of the document that the topic, or the row, is about
}

// parseKept reads the options of a PUBLISH that Tidings adds to WAMP.
func parseKept(options wamp.Dict) (k Kept, err error) {
	if k.IdempotencyKey, err = shortText(options, "_id", MaxIdempotencyKey); err != nil {
		return k, err
	}
	if k.Key, err = shortText(options, "_key", MaxKey); err != nil {
		return k, err
	}
	if v := options["_delete"]; v != nil {
		isBool := false
		if k.Delete, isBool = v.(bool); !isBool {
			return k, badOption("PUBLISH", "_delete", "a boolean")
		}
	}
	if options["_version"] != nil {
		n, isInt := options.Int("_version")
		if !isInt || n < 1 || n > maxSeq {
			return k, badOption("PUBLISH", "_version", "a number from 1 to 2^53 - 1")
		}
		k.Version = n
	}
	return k, nil
}

// parseSender reads the option by which a backend names a user as the sender; nil if the option is absent.
func parseSender(options wamp.Dict) (*peer.Identity, error) {
	v := options["_as"]
	if v == nil {
		return nil, nil
	}
	named, isDict := v.(wamp.Dict)
	if !isDict {
		return nil, badOption("PUBLISH", "_as", "a dict with id and name")
	}
	id, _ := named.String("id")
	name, _ := named.String("name")
	return peer.NewSender("PUBLISH.Options._as", id, name)
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

// publisherOf returns the publisher that is a session.
func publisherOf(identity *peer.Identity) Publisher {
	if identity.Backend {
		return ByKey(identity.ID)
	}
	return Publisher("user\x00" + identity.Tenant + "\x00" + identity.ID)
}

// SetKept notes what the publisher says for topics that are kept.
func (p *Publication) SetKept(k Kept, publisher Publisher) error {
	switch {
	case !isShort(k.IdempotencyKey, MaxIdempotencyKey):
		return wamp.Fail(wamp.ErrInvalidArgument, "the idempotency key must have at most %d bytes, and no zero byte", MaxIdempotencyKey)
	case !isShort(k.Key, MaxKey):
		return wamp.Fail(wamp.ErrInvalidArgument, "the key of a row must have at most %d bytes, and no zero byte", MaxKey)
	case k.Version < 0 || k.Version > maxSeq:
		return wamp.Fail(wamp.ErrInvalidArgument, "the version must be a number from 1 to 2^53 - 1")
	}
	p.Key, p.Delete, p.Version = k.Key, k.Delete, k.Version
	if k.IdempotencyKey != "" {
		p.IdempotencyKey = string(publisher) + "\x00" + k.IdempotencyKey
	}
	return nil
}

// CheckKept refuses a publication whose key, deletion or version its topic cannot keep.
func (r *Realm) CheckKept(p *Publication) error {
	if p.Key == "" && !p.Delete && p.Version == 0 {
		return nil
	}
	keep := r.keepOf(p.Topic)
	switch {
	case p.Version != 0 && keep.Last == 0:
		return wamp.Fail(wamp.ErrInvalidArgument, "a version needs a topic that is kept: add keep to the contract of %s", p.Topic)
	case p.Key != "" && !keep.PerKey:
		return wamp.Fail(wamp.ErrInvalidArgument, "a key needs a topic that is a table: add keep: {per: key} to the contract of %s", p.Topic)
	case p.Delete && p.Key == "":
		return wamp.Fail(wamp.ErrInvalidArgument, "a deletion needs the key of the row to delete")
	}
	return nil
}
