package content

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// MaxTags bounds one change: each tag is looked up, and each watched tag is a publication.
	MaxTags = 1000
	// MaxFields bounds a part that every event of the change repeats.
	MaxFields = 200

	maxTagBytes  = 256 // with the prefix still well below the limit of a URI
	maxTextBytes = 256 // of a field's name, a version, an author's id or name
)

// Change is a change of content that a backend or a user made.
type Change struct {
	Tags    []string `json:"tags" doc:"The tags of the content that changed." example:"[\"order.42\"]" required:"false" maxItems:"1000"`
	Author  *Author  `json:"author,omitempty" doc:"Who changed it: their other tabs can tell it from a change of somebody else's."`
	Tab     string   `json:"tab,omitempty" doc:"The page that made the change, as its client names itself: it is not told. This needs author: sessions of other users are told, whatever their tab." maxLength:"64"`
	Version string   `json:"version,omitempty" doc:"The version that the content has now." example:"7" maxLength:"256"`
	Fields  []string `json:"fields,omitempty" doc:"What of it changed." example:"[\"status\"]" maxItems:"200"`

	IdempotencyKey string `json:"idempotency_key,omitempty" doc:"A retry with the same key, in 15 minutes, tells no page a second time. The header Idempotency-Key does the same." maxLength:"128" example:"order-42-version-7"`

	publisher *router.Session       // of a user's publication; nil for a backend
	by        publication.Publisher // the idempotency key is one of its own; "": the program's
}

// Author is the author of a change, a user.
type Author struct {
	ID   string `json:"id" doc:"The user's id." example:"42" minLength:"1"`
	Name string `json:"name" required:"false" doc:"The name that others see." example:"Ann Miller"`
}

// clean returns the author as others see it; nil stays nil.
func (a *Author) clean() *Author {
	if a == nil {
		return nil
	}
	return &Author{ID: a.ID, Name: text.Clean(a.Name)}
}

// Result says what became of a change.
type Result struct {
	Change   string `json:"change" doc:"The id of the change: events of all its tags carry it."`
	Notified int    `json:"notified" doc:"How many watchers were told." example:"2"`

	Undeclared []string `json:"undeclared,omitempty" doc:"Tags without a contract under content: nobody can watch them."`
}

// check returns a *[wamp.Failure] if the change cannot be published.
func (c *Change) check() error {
	switch {
	case len(c.Tags) == 0:
		return wamp.Fail(wamp.ErrInvalidArgument, "tags is missing or empty: say which content changed")
	case len(c.Tags) > MaxTags:
		return wamp.Fail(wamp.ErrInvalidArgument, "a change has at most %d tags, not %d: say it in several", MaxTags, len(c.Tags))
	case len(c.Fields) > MaxFields:
		return wamp.Fail(wamp.ErrInvalidArgument, "a change has at most %d fields, not %d", MaxFields, len(c.Fields))
	case len(c.Tab) > peer.MaxTabBytes:
		return wamp.Fail(wamp.ErrInvalidArgument, "tab has %d characters; at most %d are taken", len(c.Tab), peer.MaxTabBytes)
	}
	for _, tag := range c.Tags {
		if err := checkTag(tag); err != nil {
			return err
		}
	}
	for _, field := range c.Fields {
		if err := checkText("a field", field); err != nil {
			return err
		}
	}
	if c.Author != nil {
		if c.Author.ID == "" {
			return wamp.Fail(wamp.ErrInvalidArgument, "author has no id")
		}
		if err := checkText("author.id", c.Author.ID); err != nil {
			return err
		}
		if err := checkText("author.name", text.Clean(c.Author.Name)); err != nil {
			return err
		}
	}
	return checkText("version", c.Version)
}

// checkTag checks a tag by the loose rule for URIs, because the tag becomes the end of a URI.
func checkTag(tag string) error {
	if len(tag) > maxTagBytes {
		return wamp.Fail(wamp.ErrInvalidArgument, "a tag has at most %d bytes, not %d", maxTagBytes, len(tag))
	}
	if err := wamp.URI(tag).Check(wamp.LooseURIs, wamp.MatchExact); err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "the tag %q is not like order.42: components of anything but white space and #, with dots between", tag)
	}
	return checkText("a tag", tag)
}

func checkText(what, s string) error {
	if err := text.Check(what, s, maxTextBytes); err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "%s", err)
	}
	return nil
}
