// Package tidings is the backend's side of Tidings, in one file and with nothing but the standard library. Copy it, or
// import it.
//
//	t, err := tidings.New(tidings.Options{
//		URL: "http://127.0.0.1:8080", Key: os.Getenv("ERP_KEY"), Secret: os.Getenv("TIDINGS_SECRET"),
//	})
//
//	// The ticket endpoint, for the user of the current login (a POST, behind http.CrossOriginProtection):
//	ticket, err := t.Ticket(r.Context(), tidings.User{ID: user.ID, Name: user.Name, Roles: []string{"staff"}})
//
//	// After the commit of a save:
//	err := tx.Commit()
//	t.Changed(ctx, tidings.Change{Tags: []string{"order.42"}, Author: &tidings.Author{ID: user.ID, Name: user.Name},
//		Tab: r.Header.Get("Tidings-Tab"), Version: "7"})
//	t.Flash(ctx, "ann@example.com", tidings.Message{Text: "Your report is ready", Level: "success", Href: "/reports/7"})
//	t.Publish(ctx, tidings.Publication{
//		Topic: tidings.Topic("price.{symbol}", "ACME"), Kwargs: map[string]any{"amount": 12.5},
//	})
//
//	// In a webhook of Tidings:
//	if !tidings.Verify(body, r.Header.Get("Tidings-Signature"), os.Getenv("HOOK_SECRET")) {
//		w.WriteHeader(http.StatusUnauthorized)
//	}
//
// A notification neither delays nor fails a save. A call takes at most Options.Timeout (a second), retries included.
// If a call fails, the reason is logged, the result is zero, and the error is nil. After a server has not answered,
// calls in the next Options.Pause (2 seconds) fail at once. With Options.Strict a call returns the error, a *Failed,
// and logs nothing: use that where something tries again, such as a queue, and pass the same IdempotencyKey each time.
// Ticket always returns its error: answer 503, and the page tries again.
package tidings

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

const (
	maxAnswer = 4 << 20 // bytes
	large     = 1 << 20 // bytes, the server's default of limits.body_bytes
)

// Options configure a [Client].
type Options struct {
	URL      string        // of the server, with the path of a proxy if there is one
	Key      string        // an API key; not needed to sign tickets
	Secret   string        // the server's auth.tickets.secret: tickets are signed here; without it the server is asked
	Timeout  time.Duration // of a call with its retries; 0: a second
	Attempts int           // 0: 3
	Pause    time.Duration // in which calls fail at once after a server has not answered; 0: 2 s; negative: none
	Strict   bool          // errors are returned, not logged
	Logger   *slog.Logger  // nil: slog.Default()
	HTTP     *http.Client  // nil: one of its own
}

// Client calls the HTTP API. Safe for concurrent use.
type Client struct {
	options     Options
	pausedUntil atomic.Int64 // nanoseconds since started
	started     time.Time
}

// Failed is a call that failed.
type Failed struct {
	What       string // the call did
	Reason     string
	Status     int            // of HTTP; 0 without an answer
	Problem    map[string]any // the server's problem document
	Temporary  bool
	RetryAfter time.Duration
	Err        error // the cause, if there is one
}

func (f *Failed) Error() string { return "tidings: cannot " + f.What + ": " + f.Reason }

// Unwrap returns the cause.
func (f *Failed) Unwrap() error { return f.Err }

// User is the user of a ticket.
type User struct {
	ID      string
	Name    string
	Roles   []string
	Tenant  string
	Claims  map[string]any // anything else that rules need
	TTL     time.Duration  // in which the ticket can be used; 0: a minute
	Session time.Duration  // until the session ends; 0: it has no end
}

// Publication is an event.
type Publication struct {
	Topic          string         `json:"topic"`
	Args           []any          `json:"args,omitempty"`
	Kwargs         map[string]any `json:"kwargs,omitempty"`
	EligibleAuthID []string       `json:"eligible_authid,omitempty"`
	ExcludeAuthID  []string       `json:"exclude_authid,omitempty"`
	Version        int64          `json:"version,omitempty"`
	Key            string         `json:"key,omitempty"`
	Delete         bool           `json:"delete,omitempty"`
	Retain         bool           `json:"retain,omitempty"`
	IdempotencyKey string         `json:"-"` // a retry with the same one, in 15 minutes, is the same event; "": a new one
}

// Receipt says what became of a publication.
type Receipt struct {
	Publication int64  `json:"publication"`
	Deliveries  int    `json:"deliveries"`
	Repeated    bool   `json:"repeated"`
	Epoch       string `json:"epoch"`
	Seq         uint64 `json:"seq"`
}

// Author is the user of a change.
type Author struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Change is a change of content.
type Change struct {
	Tags           []string `json:"tags"`
	Author         *Author  `json:"author,omitempty"`
	Tab            string   `json:"tab,omitempty"` // of the author: this page is not told
	Version        string   `json:"version,omitempty"`
	Fields         []string `json:"fields,omitempty"`
	IdempotencyKey string   `json:"-"`
}

// Changed says what became of a change.
type Changed struct {
	Change   string `json:"change"`
	Notified int    `json:"notified"`
}

// Message is a flash message.
type Message struct {
	Level          string // info (default), success, warning, error
	Title          string
	Text           string
	Href           string
	Contract       string // of such messages; "": user.{user}.flash
	IdempotencyKey string
}

// Attendance has the people at a record.
type Attendance struct {
	Record string   `json:"record"`
	People []Person `json:"people"`
	Count  int      `json:"count"`
}

// Person is a user at a record.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Mode string `json:"mode"` // view or edit
	Tabs int    `json:"tabs"`
}

// Maintenance is the state of the site.
type Maintenance struct {
	On        bool     `json:"on"`
	Message   string   `json:"message"`
	By        string   `json:"by"`
	Operators []string `json:"operators"` // ids of users whose pages are not covered
}

// New returns a client. It sends nothing.
func New(options Options) (*Client, error) {
	at, err := url.Parse(options.URL)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return nil, fmt.Errorf("tidings: the url must be like http://127.0.0.1:8080, not %q", options.URL)
	}
	for name, value := range map[string]string{"key": options.Key, "secret": options.Secret} {
		if strings.Trim(value, "\"' \t\r\n") != value || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, fmt.Errorf("tidings: the %s has control characters, or quotes or spaces at its ends: take them away", name)
		}
	}
	options.URL = strings.TrimRight(options.URL, "/")
	options.Timeout = cmp.Or(options.Timeout, time.Second)
	options.Attempts = cmp.Or(options.Attempts, 3)
	options.Pause = cmp.Or(options.Pause, 2*time.Second)
	if options.HTTP == nil {
		options.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{options: options, started: time.Now()}, nil
}

// Ticket returns a one-time ticket: a page connects with it. It always returns its error.
func (c *Client) Ticket(ctx context.Context, user User) (string, error) {
	const what = "issue a ticket"
	if user.ID == "" {
		return "", &Failed{What: what, Reason: "it needs the id of a user"}
	}
	user.TTL = cmp.Or(user.TTL, time.Minute)
	about := map[string]any{}
	for name, value := range map[string]any{"name": user.Name, "roles": user.Roles, "tenant": user.Tenant, "claims": user.Claims} {
		if text, _ := json.Marshal(value); string(text) != "null" && string(text) != `""` { // claims are marshaled below
			about[name] = value
		}
	}
	if c.options.Secret == "" {
		about["user"], about["ttl"] = user.ID, user.TTL.String()
		if user.Session > 0 {
			about["session"] = user.Session.String()
		}
		var answer struct{ Ticket string }
		err := c.request(ctx, call{what: what, method: http.MethodPost, path: "tickets", body: about}, &answer)
		return answer.Ticket, err
	}
	now := time.Now()
	about["jti"], about["sub"], about["aud"] = rand.Text(), user.ID, "tidings"
	about["iat"], about["exp"] = now.Unix(), now.Add(user.TTL).Unix()
	if user.Session > 0 {
		about["session"] = int64(user.Session / time.Second)
	}
	claims, err := json.Marshal(about)
	if err != nil {
		return "", &Failed{What: what, Reason: "the claims cannot be written as JSON: " + err.Error(), Err: err}
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	return signed + "." + encode(sign(c.options.Secret, signed)), nil
}

// Publish publishes an event.
func (c *Client) Publish(ctx context.Context, p Publication) (receipt Receipt, err error) {
	key := cmp.Or(p.IdempotencyKey, rand.Text())
	err = c.notify(ctx, call{what: "publish to " + p.Topic, method: http.MethodPost, path: "publish", body: p, key: key}, &receipt)
	return receipt, err
}

// Changed reports that content has changed. Call it after the commit.
func (c *Client) Changed(ctx context.Context, change Change) (changed Changed, err error) {
	key := cmp.Or(change.IdempotencyKey, rand.Text())
	what := "report that " + strings.Join(change.Tags[:min(3, len(change.Tags))], ", ") + " changed"
	err = c.notify(ctx, call{what: what, method: http.MethodPost, path: "content/changed", body: change, key: key}, &changed)
	return changed, err
}

// Flash shows a message on the pages of a user.
func (c *Client) Flash(ctx context.Context, user string, m Message) (Receipt, error) {
	kwargs := map[string]any{"level": cmp.Or(m.Level, "info"), "text": m.Text}
	for name, value := range map[string]string{"title": m.Title, "href": m.Href} {
		if value != "" {
			kwargs[name] = value
		}
	}
	topic := Topic(cmp.Or(m.Contract, "user.{user}.flash"), user)
	return c.Publish(ctx, Publication{Topic: topic, Kwargs: kwargs, IdempotencyKey: m.IdempotencyKey})
}

// Presence returns the people at a record.
func (c *Client) Presence(ctx context.Context, record string) (there Attendance, err error) {
	err = c.notify(ctx, call{what: "read who is at " + record, method: http.MethodGet, path: "presence/" + url.PathEscape(record)}, &there)
	return there, err
}

// Maintenance returns the state of the site.
func (c *Client) Maintenance(ctx context.Context) (state Maintenance, err error) {
	err = c.notify(ctx, call{what: "read the state of maintenance", method: http.MethodGet, path: "maintenance"}, &state)
	return state, err
}

// MaintenanceOn covers all pages with a message, except those of the operators, which are ids of users.
func (c *Client) MaintenanceOn(ctx context.Context, message string, operators ...string) (state Maintenance, err error) {
	body := map[string]any{"message": message, "operators": append([]string{}, operators...)}
	err = c.notify(ctx, call{what: "turn maintenance on", method: http.MethodPut, path: "maintenance", body: body}, &state)
	return state, err
}

// MaintenanceOff uncovers all pages.
func (c *Client) MaintenanceOff(ctx context.Context) (state Maintenance, err error) {
	err = c.notify(ctx, call{what: "turn maintenance off", method: http.MethodDelete, path: "maintenance"}, &state)
	return state, err
}

var parameter = regexp.MustCompile(`\{\w+[^{}]*(?:\{[^{}]*\}[^{}]*)*\}`)

// Topic returns the topic, tag or record of a contract, with these values for its parameters in their order. Characters
// that separate are percent-encoded: an e-mail address is one parameter.
func Topic(contract string, values ...string) string {
	return parameter.ReplaceAllStringFunc(contract, func(found string) string {
		if len(values) == 0 {
			return found // the server says that the topic is not declared
		}
		value := values[0]
		values = values[1:]
		var b strings.Builder
		for _, c := range value {
			if !unicode.IsSpace(c) && (c < 0x1c || c > 0x1f) && !strings.ContainsRune("%./#", c) {
				b.WriteRune(c)
				continue
			}
			for _, octet := range []byte(string(c)) {
				fmt.Fprintf(&b, "%%%02X", octet)
			}
		}
		return b.String()
	})
}

// Verify reports whether Tidings has sent the body of a webhook, in the last five minutes. An older one may be
// recorded.
// The signature is the header Tidings-Signature.
func Verify(body []byte, signature, secret string) bool {
	t, v1, found := strings.Cut(strings.TrimPrefix(signature, "t="), ",v1=")
	at, err := strconv.ParseInt(t, 10, 64)
	given, hexErr := hex.DecodeString(v1)
	if !found || secret == "" || err != nil || hexErr != nil {
		return false
	}
	return hmac.Equal(sign(secret, t+"."+string(body)), given) && time.Since(time.Unix(at, 0)).Abs() <= 5*time.Minute
}

func sign(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// call is a request to the HTTP API.
type call struct {
	what, method, path string
	body               any
	key                string // of idempotency
}

// notify sends a request, and logs a failure unless the client is strict.
func (c *Client) notify(ctx context.Context, request call, answer any) error {
	err := c.request(ctx, request, answer)
	if err == nil || c.options.Strict {
		return err
	}
	logger := c.options.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.WarnContext(ctx, "a call to Tidings has failed", "error", err)
	return nil
}

// request sends a request, again where that is of use, until the time is over.
func (c *Client) request(ctx context.Context, request call, answer any) error {
	if time.Since(c.started) < time.Duration(c.pausedUntil.Load()) {
		return &Failed{What: request.what, Reason: fmt.Sprintf("%s has just not answered; calls pause for %v", c.options.URL, c.options.Pause)}
	}
	var body []byte
	if request.body != nil {
		var err error
		if body, err = json.Marshal(request.body); err != nil {
			return &Failed{What: request.what, Reason: "the payload cannot be written as JSON: " + err.Error(), Err: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		failed := c.exchange(ctx, request, body, answer)
		if failed == nil {
			return nil
		}
		failed.What = request.what
		wait := max(failed.RetryAfter, time.Duration(50*math.Pow(4, float64(attempt)))*time.Millisecond)
		deadline, _ := ctx.Deadline()
		if !failed.Temporary || attempt+1 >= c.options.Attempts || time.Until(deadline) <= wait {
			c.pausedUntil.Store(0)
			if failed.Status == 0 && !errors.Is(failed.Err, context.Canceled) {
				c.pausedUntil.Store(int64(time.Since(c.started) + c.options.Pause))
			}
			return failed
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return failed
		}
	}
}

// exchange sends one request and reads the answer.
func (c *Client) exchange(ctx context.Context, request call, body []byte, answer any) *Failed {
	r, err := http.NewRequestWithContext(ctx, request.method, c.options.URL+"/api/v1/"+request.path, bytes.NewReader(body))
	if err != nil {
		return &Failed{Reason: err.Error(), Err: err}
	}
	r.Header.Set("User-Agent", "tidings-go")
	for name, value := range map[string]string{"Content-Type": "application/json", "Idempotency-Key": request.key} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.options.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.options.Key)
	}
	response, err := c.options.HTTP.Do(r)
	if err != nil {
		return c.unanswered(ctx, err, len(body))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return c.unanswered(ctx, err, len(body))
	case len(text) > maxAnswer:
		return &Failed{Reason: fmt.Sprintf("the answer of %s is longer than %d bytes", c.options.URL, maxAnswer), Status: response.StatusCode}
	case response.StatusCode < http.StatusMultipleChoices && json.Unmarshal(text, answer) == nil:
		return nil
	}
	return c.refused(response, text)
}

// unanswered returns why there is no answer.
func (c *Client) unanswered(ctx context.Context, err error, sent int) *Failed {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Failed{Reason: fmt.Sprintf("no answer from %s in %v", c.options.URL, c.options.Timeout), Temporary: true, Err: err}
	}
	if op, is := errors.AsType[*net.OpError](err); is && op.Op == "dial" {
		return &Failed{Reason: fmt.Sprintf("cannot connect to %s (%v): does the server run?", c.options.URL, err), Temporary: ctx.Err() == nil, Err: err}
	}
	reason := fmt.Sprintf("%s ended the connection without an answer (%v)", c.options.URL, err)
	if sent > large {
		reason += fmt.Sprintf(": are %d bytes more than its limits.body_bytes?", sent)
	}
	return &Failed{Reason: reason, Temporary: ctx.Err() == nil, Err: err}
}

// refused returns the reason of a refusal.
func (c *Client) refused(response *http.Response, text []byte) *Failed {
	var problem map[string]any
	_ = json.Unmarshal(text, &problem) // a proxy answers with HTML
	detail, _ := problem["detail"].(string)
	if detail == "" {
		detail = "no reason is given: is this the address of Tidings?"
	}
	var wait time.Duration
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(response.Header.Get("Retry-After")); err == nil {
		wait = time.Until(at)
	}
	status := response.StatusCode
	temporary := status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= 500 && status <= 504 && status != http.StatusNotImplemented
	return &Failed{
		Reason: fmt.Sprintf("%s answered %d: %s", c.options.URL, status, detail),
		Status: status, Problem: problem, Temporary: temporary, RetryAfter: wait,
	}
}
