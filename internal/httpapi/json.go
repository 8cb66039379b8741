package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/emptymap"
	"github.com/tidings-io/tidings/internal/wamp"
)

// bodyTimeout bounds the time to read a body: the largest then needs 35 KiB/s.
const bodyTimeout = 30 * time.Second

// Array and Object hold a payload's args and kwargs as the client wrote them. So integers of any size and the
// order of keys survive.
type (
	Array  []byte
	Object []byte
)

// MarshalJSON returns the bytes, or null for an absent payload.
func (a Array) MarshalJSON() ([]byte, error) { return orNull(a), nil }

// MarshalJSON returns the bytes, or null for an absent payload.
func (o Object) MarshalJSON() ([]byte, error) { return orNull(o), nil }

func orNull(raw []byte) []byte {
	if raw == nil {
		return []byte("null")
	}
	return raw
}

// UnmarshalJSON keeps the bytes. null means absent.
func (a *Array) UnmarshalJSON(b []byte) error {
	switch jsontext.Value(b).Kind() {
	case 'n':
		*a = nil
	case '[':
		*a = append(Array(nil), b...)
	default:
		return errors.New("expected array")
	}
	return nil
}

// UnmarshalJSON keeps the bytes. null means absent, and so does an empty array: PHP has one form for both.
func (o *Object) UnmarshalJSON(b []byte) error {
	switch kind := jsontext.Value(b).Kind(); {
	case kind == 'n', kind == '[' && len(bytes.TrimSpace(b[1:len(b)-1])) == 0:
		*o = nil
	case kind == '{':
		*o = append(Object(nil), b...)
	default:
		return errors.New("expected object")
	}
	return nil
}

// Schema describes an array of anything.
func (Array) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{}, Examples: []any{[]any{"hello", 42}}}
}

// Schema describes an object of anything.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"id": 42}}}
}

// payload checks args and kwargs and returns them as a payload of WAMP.
func payload(args Array, kwargs Object) (wamp.Payload, error) {
	return wamp.PayloadFromJSON(args, kwargs)
}

// jsonPayload returns a payload's args and kwargs as JSON, never null.
func jsonPayload(p wamp.Payload) (Array, Object, error) {
	p, err := p.In(wamp.JSON)
	if err != nil {
		return nil, nil, fmt.Errorf("transcode the payload to JSON: %w", err)
	}
	args, kwargs := Array(p.Args), Object(p.Kwargs)
	if args == nil {
		args = Array("[]")
	}
	if kwargs == nil {
		kwargs = Object("{}")
	}
	return args, kwargs, nil
}

// strictJSON is the format of the API. It refuses invalid UTF-8, duplicate names and unknown members, which
// encoding/json accepts.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error { return json.MarshalWrite(w, v) },
	Unmarshal: func(data []byte, v any) error {
		err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
		if err == nil {
			return nil
		}
		return errors.New(syntaxText(err))
	},
}

// HoldsMap marks an object for package emptymap.
func (Object) HoldsMap() {}

// inner is a context under a name that is none of its methods.
type inner huma.Context

// mapContext is the context of a request whose body is read by [emptymap.Rewrite].
type mapContext struct {
	inner
	body  reflect.Type
	limit int64 // bytes that huma reads at most
}

// emptyMaps returns a middleware that reads [] as an empty map where the body of an operation has one. huma validates a
// body by the schema before anything else looks at it.
func emptyMaps(body reflect.Type, limit int64) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) { next(&mapContext{ctx, body, limit}) }
}

// Unwrap returns the inner context, for humago.
func (c *mapContext) Unwrap() huma.Context { return c.inner }

// BodyReader implements [huma.Context].
func (c *mapContext) BodyReader() io.Reader {
	return &mapReader{context: c, inner: c.inner.BodyReader()}
}

// mapReader reads the whole body at its first Read. The error of the inner reader follows the bytes before it.
type mapReader struct {
	context *mapContext
	inner   io.Reader
	read    bool
	rest    []byte
	err     error
}

// Read implements [io.Reader].
func (r *mapReader) Read(p []byte) (int, error) {
	if !r.read {
		r.read = true
		body, err := io.ReadAll(io.LimitReader(r.inner, r.context.limit))
		r.rest, r.err = emptymap.Rewrite(body, r.context.body), err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	switch {
	case n > 0 || len(p) == 0:
		return n, nil
	case r.err != nil:
		return 0, r.err
	}
	return 0, io.EOF
}

// checkEncoding refuses a body that is compressed: it could become a thousand times as long.
func checkEncoding(r *http.Request) *Problem {
	encoding := strings.Join(r.Header.Values("Content-Encoding"), ", ")
	if encoding == "" || strings.EqualFold(encoding, "identity") || r.ContentLength == 0 {
		return nil
	}
	p := NewProblem(http.StatusUnsupportedMediaType, "bodies are taken as they are, not in the encoding %q: send plain JSON without Content-Encoding", encoding)
	p.header = http.Header{"Accept-Encoding": {"identity"}}
	return p
}

// decode reads the body of a plain handler into v. The error for a bad body is a [*Problem].
func (a *API) decode(w http.ResponseWriter, r *http.Request, v any, options ...json.Options) error {
	if !isJSON(r.Header.Get("Content-Type")) {
		return unsupportedMedia()
	}
	deadline := time.Now().Add(bodyTimeout)
	if err := http.NewResponseController(w).SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("bound the time to read the body: %w", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.options.MaxBody))
	if err != nil {
		return bodyProblem(err)
	}
	return decodeStrict(body, v, options...)
}

func bodyProblem(err error) *Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return NewProblem(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return NewProblem(http.StatusRequestTimeout, "the body did not come within %s", bodyTimeout)
	}
	return NewProblem(http.StatusBadRequest, "the body ended early: %v", err)
}

// decodeStrict reads JSON into v. The status of the [*Problem] is 400 for a syntax error, 422 for a type error.
func decodeStrict(body []byte, v any, options ...json.Options) error {
	body = emptymap.Rewrite(body, reflect.TypeOf(v))
	err := json.Unmarshal(body, v, json.RejectUnknownMembers(true), json.JoinOptions(options...))
	if err == nil {
		return nil
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		if len(strings.TrimSpace(string(body))) == 0 {
			return NewProblem(http.StatusBadRequest, "the body is empty: send a JSON object")
		}
		return NewProblem(http.StatusBadRequest, "the body is not JSON: %s", syntaxText(err))
	}
	flaw := flawOf(semantic)
	p := NewProblem(http.StatusUnprocessableEntity, "%s", flaw.String())
	p.Flaws = []Flaw{flaw}
	return p
}

// flawOf translates an error of the decoder into the words of huma.
func flawOf(e *json.SemanticError) Flaw {
	flaw := Flaw{Location: "body" + location(e.JSONPointer)}
	switch {
	case errors.Is(e.Err, json.ErrUnknownName):
		flaw.Message = "unexpected property"
	case e.Err != nil:
		flaw.Message = e.Err.Error()
	case e.GoType != nil:
		flaw.Message = "expected " + jsonKind(e.GoType)
	default:
		flaw.Message = "is not what belongs here"
	}
	return flaw
}

// location returns a JSON pointer as huma writes paths: /exclude/0 becomes .exclude[0].
func location(pointer jsontext.Pointer) string {
	var b strings.Builder
	for token := range pointer.Tokens() {
		if isIndex(token) {
			b.WriteString("[" + token + "]")
		} else {
			b.WriteString("." + token)
		}
	}
	return b.String()
}

func isIndex(token string) bool {
	return token != "" && strings.Trim(token, "0123456789") == ""
}

func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// jsonKind returns the name of the JSON type that a Go type is decoded from.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	default:
		return "integer"
	}
}
