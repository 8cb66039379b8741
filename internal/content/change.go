package content

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// MaxTags bounds one change: each tag is looked up, and each watched one is a publication.
	MaxTags = 1000
	// MaxFields bounds what every event of a change carries along.
	MaxFields = 200

	maxTagBytes  = 256 // with the prefix still well within what a URI may have
	maxTextBytes = 256 // of the name of a field, a version, an author's id or name
)

// Change is what a backend says has changed.
type Change struct {
	Tags    []string `json:"tags"`
	Author  *Author  `json:"author"`  // nil: a program, or nobody says
	Tab     string   `json:"tab"`     // the page that made it: its sessions are not told
	Version string   `json:"version"` // what the content is now
	Fields  []string `json:"fields"`  // what of it changed
}

// Author is the user who made a change.
type Author struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Result is what came of a change.
type Result struct {
	Change   string // carried by the events of all its tags
	Notified int    // events sent
}

// check says what is wrong with a change, for who said it.
func (c *Change) check() error {
	switch {
	case len(c.Tags) == 0:
		return wamp.Fail(wamp.ErrInvalidArgument, "tags is missing or empty: say which content changed")
	case len(c.Tags) > MaxTags:
		return wamp.Fail(wamp.ErrInvalidArgument, "a change has at most %d tags, not %d: say it in several", MaxTags, len(c.Tags))
	case len(c.Fields) > MaxFields:
		return wamp.Fail(wamp.ErrInvalidArgument, "a change has at most %d fields, not %d", MaxFields, len(c.Fields))
	case len(c.Tab) > router.MaxTabBytes:
		return wamp.Fail(wamp.ErrInvalidArgument, "tab has %d characters; at most %d are taken", len(c.Tab), router.MaxTabBytes)
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
		if err := checkText("author.name", c.Author.Name); err != nil {
			return err
		}
	}
	return checkText("version", c.Version)
}

// checkTag holds a tag to the loose rule for URIs, since it becomes the end of one.
func checkTag(tag string) error {
	if len(tag) > maxTagBytes {
		return wamp.Fail(wamp.ErrInvalidArgument, "a tag has at most %d bytes, not %d", maxTagBytes, len(tag))
	}
	if err := wamp.URI(tag).Check(wamp.LooseURIs, wamp.MatchExact); err != nil {
		return wamp.Fail(wamp.ErrInvalidArgument, "the tag %q is not like order.42: components of anything but white space and #, with dots between", tag)
	}
	return nil
}

func checkText(what, text string) error {
	if len(text) > maxTextBytes {
		return wamp.Fail(wamp.ErrInvalidArgument, "%s has %d bytes; at most %d are taken", what, len(text), maxTextBytes)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return wamp.Fail(wamp.ErrInvalidArgument, "%s must be UTF-8 without control characters", what)
	}
	return nil
}
