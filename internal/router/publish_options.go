package router

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
)

// AddOptions reads the options of a PUBLISH that Tidings adds to WAMP. publisher is the user or the API key.
func (p *Publication) AddOptions(options wamp.Dict, publisher string) error {
	id, err := shortText(options, "_id", MaxIdempotencyKey)
	if err != nil {
		return err
	}
	if id != "" {
		p.IdempotencyKey = publisher + "\x00" + id
	}
	if p.Key, err = shortText(options, "_key", MaxKey); err != nil {
		return err
	}
	if v := options["_delete"]; v != nil {
		isBool := false
		if p.Delete, isBool = v.(bool); !isBool {
			return badOption("PUBLISH", "_delete", "a boolean")
		}
	}
	if options["_version"] != nil {
		n, isInt := options.Int("_version")
		if !isInt || n < 1 || n > maxSeq {
			return badOption("PUBLISH", "_version", "a number from 1 to 2^53 - 1")
		}
		p.Version = n
	}
	return nil
}

func shortText(options wamp.Dict, key string, most int) (string, error) {
	v := options[key]
	if v == nil {
		return "", nil
	}
	text, isText := v.(string)
	if !isText || text == "" || len(text) > most || strings.ContainsRune(text, 0) {
		return "", wamp.Fail(wamp.ErrInvalidArgument, "PUBLISH.Options.%s must be a text of 1 to %d bytes", key, most)
	}
	return text, nil
}

// CheckKept refuses a publication whose key, deletion or version its topic cannot keep.
func (r *Realm) CheckKept(p *Publication) error {
	if p.Key == "" && !p.Delete && p.Version == 0 {
		return nil
	}
	keep := r.keepOf(p.Topic)
	switch {
	case p.Version != 0 && keep.Last == 0:
		return wamp.Fail(wamp.ErrInvalidArgument, "_version needs a topic that is kept: add keep to the contract of %s", p.Topic)
	case p.Key != "" && !keep.PerKey:
		return wamp.Fail(wamp.ErrInvalidArgument, "_key needs a topic that is a table: add keep: {per: key} to the contract of %s", p.Topic)
	case p.Delete && p.Key == "":
		return wamp.Fail(wamp.ErrInvalidArgument, "_delete needs the _key of the row to delete")
	}
	return nil
}
