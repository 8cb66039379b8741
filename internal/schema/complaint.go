package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

const (
	// maxComplaints bounds the mistakes that are reported of one value.
	maxComplaints = 3
	// maxComplaintBytes bounds the text of one mistake, because the text quotes the value.
	maxComplaintBytes = 200
	// maxQuotedBytes bounds what is quoted of a string or a regular expression, so that there is room for the reason.
	maxQuotedBytes = 80
)

var english = message.NewPrinter(language.English)

// mistake is one place where a value does not match its schema.
type mistake struct {
	at   []string
	kind jsonschema.ErrorKind
}

// complaints returns the first mistakes of a validation, each with its JSON Pointer. complete tells whether the
// validation has looked for all of them.
func complaints(err error, complete bool) string {
	e, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	all := innermost(nil, e, nil)
	slices.SortStableFunc(all, func(a, b mistake) int { return slices.Compare(a.at, b.at) }) // the library walks over maps
	shown := all[:min(len(all), maxComplaints)]
	list := make([]string, len(shown))
	for i, m := range shown {
		list[i] = m.String()
	}
	text := strings.Join(list, "; ")
	switch more := len(all) - len(shown); {
	case !complete:
		text += "; and more"
	case more > 0:
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// innermost appends the innermost mistakes. The others only say that an inner one exists. Places inside e begin at
// base.
func innermost(all []mistake, e *jsonschema.ValidationError, base []string) []mistake {
	if len(e.Causes) == 0 {
		at := slices.Concat(base, e.InstanceLocation)
		if format, ok := e.ErrorKind.(*kind.Format); ok {
			if inner, ok := errors.AsType[*jsonschema.ValidationError](format.Err); ok { // of unevaluated
				return innermost(all, inner, at)
			}
		}
		return append(all, mistake{at, e.ErrorKind})
	}
	for _, cause := range e.Causes {
		all = innermost(all, cause, base)
	}
	return all
}

func (m mistake) String() string {
	what := m.kind
	switch k := what.(type) {
	case *kind.Format:
		if inner, ok := errors.AsType[kindError](k.Err); ok {
			what = inner.kind
			break
		}
		what = &kind.Format{Got: short(k.Got), Want: k.Want, Err: k.Err}
	case *kind.Pattern:
		what = &kind.Pattern{Got: cut(k.Got, maxQuotedBytes), Want: cut(k.Want, maxQuotedBytes)}
	}
	return "at " + pointer(m.at) + ": " + cut(what.LocalizedString(english), maxComplaintBytes)
}

// short returns a value for a text that quotes it.
func short(value any) any {
	if text, ok := value.(string); ok {
		return cut(text, maxQuotedBytes)
	}
	return value
}

// cut shortens a text to about so many bytes.
func cut(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer returns a JSON Pointer (RFC 6901). The pointer to the whole document is empty, so pointer
// returns a word instead.
func pointer(path []string) string {
	if len(path) == 0 {
		return "the top"
	}
	var b strings.Builder
	for _, token := range path {
		b.WriteByte('/')
		pointerEscapes.WriteString(&b, token) //nolint:errcheck // a strings.Builder does not fail
	}
	return b.String()
}
