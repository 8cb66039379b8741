package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidings-io/tidings/client"
)

// answerTimeout bounds the wait for an answer. It is longer than the server's own timeout of calls.
const answerTimeout = 40 * time.Second

// maxAnswer bounds the size of an answer. A list of 10,000 sessions has 4 MB.
const maxAnswer = 32 << 20

// ticketPrefix begins every ticket, as it begins every JSON Web Token.
const ticketPrefix = "eyJ"

// remote has the flags of all commands that talk to a running server.
type remote struct {
	Server string `help:"Address of the server; http://127.0.0.1:8080 if left out." default:"http://127.0.0.1:8080" env:"TIDINGS_SERVER" placeholder:"URL"`
	Key    string `help:"API key." env:"TIDINGS_KEY" placeholder:"KEY"`
}

// unreachableError reports that no server answered.
type unreachableError struct {
	server string
	cause  error
}

func (e *unreachableError) Unwrap() error { return e.cause }

func (e *unreachableError) Error() string {
	return fmt.Sprintf("cannot reach the server at %s: %s\n%s", e.server, shortCause(e.cause), e.advice())
}

// advice returns what to do about the cause.
func (e *unreachableError) advice() string {
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	var waiting net.Error
	switch {
	case errors.As(e.cause, &host):
		return "No machine is known by this name: check --server, or the environment variable TIDINGS_SERVER"
	case errors.As(e.cause, &waiting) && waiting.Timeout():
		return "It did not answer in time: it is very busy, or a firewall drops what is sent to it"
	case speaksNoTLS(e.cause):
		return "It does not speak TLS: write http:// instead of https://"
	case errors.As(e.cause, &certificate):
		return "This machine does not trust its certificate; the environment variable SSL_CERT_FILE can name a file with another authority's"
	}
	return "Is it running? Start one with: tidings demo    (or: tidings serve --config tidings.yaml)\nAnother address: --server URL, or the environment variable TIDINGS_SERVER"
}

func speaksNoTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

// speaksTLS is the text with which net/http answers a plain request at a TLS port.
const speaksTLS = "Client sent an HTTP request to an HTTPS server"

// shortCause returns the reason of an error without the texts that net and url wrap around it.
func shortCause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

// refusedError has a problem document of the server.
type refusedError struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	URI    string `json:"error"`
	Flaws  []flaw `json:"errors,omitempty"`
}

// flaw is one of several things that are wrong, and its place.
type flaw struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

func (f flaw) String() string {
	if f.Location == "" {
		return f.Message
	}
	return f.Location + ": " + f.Message
}

func (e *refusedError) Error() string {
	text := e.Detail
	if text == "" {
		text = fmt.Sprintf("the server answered %d %s", e.Status, e.Title)
	}
	if e.Status == http.StatusUnauthorized {
		text += "\nGive the key with --key or the environment variable TIDINGS_KEY; the demo's is: demo"
	}
	return text
}

// request calls the HTTP API and decodes the answer into out, unless out is nil.
func (r *remote) request(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	base, err := r.baseURL()
	if err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, base.String()+"/api/v1/"+path, body)
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if r.Key != "" {
		req.Header.Set("Authorization", "Bearer "+r.Key)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return &unreachableError{server: r.Server, cause: err}
	}
	defer answer.Body.Close()
	err = readAnswer(answer, out)
	var refused *refusedError
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound && base.Path != "" {
		return fmt.Errorf("%w\nIs --server right? It ends with %s, below which there should be /api/v1", err, base.Path)
	}
	return err
}

var errSpeaksTLS = errors.New("the server speaks TLS: write https:// instead of http:// in --server")

func readAnswer(answer *http.Response, out any) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		refused := &refusedError{Status: answer.StatusCode, Title: http.StatusText(answer.StatusCode)}
		if err := json.Unmarshal(body, refused); err != nil {
			if strings.Contains(string(body), speaksTLS) {
				return errSpeaksTLS
			}
			return fmt.Errorf("the server answered %s: is it Tidings, and of this version? If a proxy serves it below a prefix, --server ends with the prefix", answer.Status)
		}
		return refused
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the answer is not what this version of tidings knows: %w", err)
	}
	return nil
}

func (r *remote) baseURL() (*url.URL, error) {
	text := strings.TrimRight(r.Server, "/")
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, badUsage("--server %q is not an address such as http://127.0.0.1:8080", r.Server)
	}
	return base, nil
}

// connect opens a WebSocket session with the API key.
func (r *remote) connect(ctx context.Context, change func(*client.Config)) (*client.Client, error) {
	base, err := r.baseURL()
	if err != nil {
		return nil, err
	}
	config := client.Config{URL: base.JoinPath("ws").String(), Agent: "tidings-cli"}
	if r.Key != "" {
		config.Auth = client.Key(r.Key)
	}
	if change != nil {
		change(&config)
	}
	c, err := client.Connect(ctx, config)
	if err == nil {
		return c, nil
	}
	return nil, r.explain(err)
}

// explain adds advice for people to an error of the client.
func (r *remote) explain(err error) error {
	var answered *client.Error
	switch {
	case errors.As(err, &answered):
		return r.refusedBy(answered)
	case isUnreachable(err):
		return &unreachableError{server: r.Server, cause: err}
	case isForeign(err.Error()):
		return fmt.Errorf("no Tidings answers at %s/ws: %w\nIs --server right? If the server speaks TLS, it begins with https://", strings.TrimRight(r.Server, "/"), err)
	}
	return err
}

// refusedBy returns an error with the same text as the HTTP API. Over WebSocket the server cannot tell an API key from
// a user's ticket or password, so its own text names none.
func (r *remote) refusedBy(answered *client.Error) error {
	switch answered.URI {
	case "wamp.error.authentication_required", "wamp.error.authentication_denied", "wamp.error.no_matching_auth_method":
		refused := &refusedError{Status: http.StatusUnauthorized, Detail: "the server does not let this key in: " + answered.Message, URI: answered.URI}
		if r.Key == "" {
			refused.Detail = "this needs an API key"
		} else if answered.URI == "wamp.error.authentication_denied" && !strings.HasPrefix(r.Key, ticketPrefix) {
			refused.Detail = "no such API key: see api_keys in the configuration of the server"
		}
		return refused
	}
	text := answered.URI
	if answered.Message != "" {
		text = answered.Message + " (" + answered.URI + ")"
	}
	return &refusedError{Status: http.StatusForbidden, Detail: text, URI: answered.URI}
}

// isForeign reports whether an error of the client means that another program than Tidings answered.
func isForeign(text string) bool {
	return strings.Contains(text, "handshake error") || strings.Contains(text, "server answered 404") || strings.Contains(text, "server does not speak")
}

func isUnreachable(err error) bool {
	var netErr net.Error
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	return speaksNoTLS(err) || errors.As(err, &certificate) || errors.As(err, &op) || errors.As(err, &netErr) || errors.Is(err, io.EOF) || errors.Is(err, client.ErrConnectionLost)
}
