package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Problem is a problem document (RFC 9457). Its type leads to the documentation. Programs distinguish problems by their
// status and error.
type Problem struct {
	Type   string   `json:"type" doc:"Where the documentation explains it, or about:blank." example:"https://github.com/tidings-io/tidings/blob/main/docs/troubleshooting.md#not-authorized"`
	Title  string   `json:"title" doc:"The name of the status." example:"Forbidden"`
	Status int      `json:"status" doc:"The HTTP status." example:"403"`
	Detail string   `json:"detail" doc:"What was wrong with this request, and what to do." example:"the API key \"erp\" may not publish: add the scope \"publish\" to its list \"may\""`
	URI    wamp.URI `json:"error,omitempty" doc:"The WAMP error that a WebSocket client would have got." example:"wamp.error.not_authorized"`
	Scope  string   `json:"scope,omitempty" doc:"The scope that the API key lacks." example:"publish"`
	Args   Array    `json:"args,omitempty" doc:"The arguments of a procedure's own error."`
	Kwargs Object   `json:"kwargs,omitempty" doc:"The keyword arguments of a procedure's own error."`
	Flaws  []Flaw   `json:"errors,omitempty" doc:"Each thing that is wrong in the request, where there is more to say than the detail."`

	header http.Header // sent with the document
}

// Flaw is one mistake in a request, and its place.
type Flaw struct {
	Location string `json:"location,omitempty" doc:"The place: a path from body, path or query, or file, line and column of the configuration." example:"body.exclude[0]"`
	Message  string `json:"message" doc:"What is wrong there." example:"expected integer"`
}

// NewProblem returns the document for a status.
func NewProblem(status int, format string, args ...any) *Problem {
	return &Problem{
		Type: typeOf(sections[status]), Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...),
	}
}

// setURI notes the WAMP error. One of the protocol or of Tidings has a section of the documentation.
func (p *Problem) setURI(uri wamp.URI) {
	p.URI = uri
	for _, prefix := range []string{"wamp.error.", "tidings.error."} {
		if name, ours := strings.CutPrefix(string(uri), prefix); ours {
			name, _, _ = strings.Cut(name, ".")
			p.Type = typeOf(strings.ReplaceAll(name, "_", "-"))
		}
	}
}

// problemTypes begins the types: a section for each error.
const problemTypes = "https://github.com/tidings-io/tidings/blob/main/docs/troubleshooting.md#"

func typeOf(section string) string {
	if section == "" {
		return "about:blank"
	}
	return problemTypes + section
}

// sections are those of problems without a WAMP error.
var sections = map[int]string{
	http.StatusBadRequest:            "bad-request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "not-authorized",
	http.StatusNotFound:              "not-found",
	http.StatusRequestEntityTooLarge: "payload-size-exceeded",
	http.StatusUnsupportedMediaType:  "unsupported-media-type",
	http.StatusUnprocessableEntity:   "invalid-argument",
	http.StatusTooManyRequests:       "limit-exceeded",
	http.StatusInternalServerError:   "internal",
	http.StatusServiceUnavailable:    "unavailable",
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus, GetHeaders and ContentType implement the interfaces of huma for errors.
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) GetHeaders() http.Header   { return p.header }
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// Write answers a request with the document.
func (p *Problem) Write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil { // cannot happen: args are checked JSON, and the rest is text
		body = []byte(`{"status":` + strconv.Itoa(p.Status) + `}`)
	}
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	w.Write(body) //nolint:errcheck // the client has gone
}

// statusOf maps errors of WAMP to HTTP statuses. Errors that are not in it are the server's fault.
var statusOf = map[wamp.URI]int{
	wamp.ErrNotAuthorized:       http.StatusForbidden,
	wamp.ErrOptionDisallowed:    http.StatusForbidden,
	wamp.ErrNoSuchProcedure:     http.StatusNotFound,
	wamp.ErrNoSuchSession:       http.StatusNotFound,
	wamp.ErrInvalidURI:          http.StatusUnprocessableEntity,
	wamp.ErrInvalidArgument:     http.StatusUnprocessableEntity,
	wamp.ErrPayloadSizeExceeded: http.StatusRequestEntityTooLarge,
	wamp.ErrLimitExceeded:       http.StatusTooManyRequests,
	wamp.ErrFeatureNotSupported: http.StatusNotImplemented,
	wamp.ErrTimeout:             http.StatusGatewayTimeout,
	wamp.ErrCanceled:            http.StatusBadGateway,
	wamp.ErrNetworkFailure:      http.StatusBadGateway,
	wamp.ErrAuthorizationFailed: http.StatusBadGateway,
	wamp.ErrUnavailable:         http.StatusServiceUnavailable,
	publication.ErrOutdated:     http.StatusConflict,
}

// problemOf translates an error into a document. An error that is not for clients is logged and becomes
// status 500 without its text.
func (a *API) problemOf(ctx context.Context, err error) *Problem {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem
	}
	var callErr *calls.Error
	if errors.As(err, &callErr) {
		return callProblem(callErr)
	}
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		status, ok := statusOf[failure.URI]
		if !ok {
			status = http.StatusInternalServerError
		}
		p := NewProblem(status, "%s", failure.Message)
		p.setURI(failure.URI)
		return p
	}
	a.options.Logger.ErrorContext(ctx, "an API request failed", "error", err)
	return NewProblem(http.StatusInternalServerError, "the server failed to answer; its log says why")
}

// callProblem translates the ERROR of a call. An error of the router has its status. An error of the callee
// is 422: the request was valid here, but not for the callee.
func callProblem(e *calls.Error) *Problem {
	status, routers := statusOf[e.URI]
	if !routers {
		status = http.StatusUnprocessableEntity
	}
	p := NewProblem(status, "the procedure answered with the error %s", e.URI)
	p.setURI(e.URI)
	payload, err := e.Payload.In(wamp.JSON)
	if err != nil {
		return p // the URI alone is enough
	}
	p.Args, p.Kwargs = Array(payload.Args), Object(payload.Kwargs)
	if text, ok := payload.FirstText(); ok && text != "" {
		p.Detail = text
	}
	return p
}

// reshape turns huma's errors into problem documents. It leaves values out: a body may hold a ticket, and the
// client's log may hold the answer.
func reshape(_ huma.Context, _ string, v any) (any, error) {
	theirs, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	ours := NewProblem(theirs.Status, "%s", theirs.Detail)
	for _, e := range theirs.Errors {
		ours.Flaws = append(ours.Flaws, Flaw{Location: e.Location, Message: e.Message})
	}
	if len(ours.Flaws) == 1 && theirs.Status != http.StatusInternalServerError {
		ours.Detail = ours.Flaws[0].String()
	}
	if theirs.Status == http.StatusUnsupportedMediaType {
		return unsupportedMedia(), nil
	}
	if theirs.Status == http.StatusBadRequest && len(ours.Flaws) > 0 {
		ours.Detail = "the body is not JSON: " + ours.Flaws[0].Message
		ours.Flaws = nil
	}
	return ours, nil
}

func (f Flaw) String() string {
	if f.Location == "" {
		return f.Message
	}
	return f.Location + ": " + f.Message
}

func unsupportedMedia() *Problem {
	return NewProblem(http.StatusUnsupportedMediaType, "the body must be JSON: send Content-Type: application/json")
}

// syntaxText describes a syntax error of JSON with its place.
func syntaxText(err error) string {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		text := fmt.Sprintf("%v at byte %d", syntax.Err, syntax.ByteOffset)
		if syntax.JSONPointer != "" {
			text += ", in body" + location(syntax.JSONPointer)
		}
		return text
	}
	return err.Error()
}

// Interface guards.
var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.HeadersError      = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
)
