package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// SignatureHeader carries the time and the signature of a query: t=<unix seconds>,v1=<hex of
	// HMAC-SHA256 over "<t>.<body>">. The signature covers the time, so a receiver can reject a
	// recorded query.
	SignatureHeader = "Tidings-Signature"

	// maxAnswerBytes bounds an answer. It is the default size of a message, because an answer may
	// hold a payload.
	maxAnswerBytes = 1 << 20
	// maxHeaderBytes bounds the header of an answer.
	maxHeaderBytes = 16 << 10
	// maxIdle bounds the idle connections that wait for the next query, idleTimeout how long.
	maxIdle     = 16
	idleTimeout = 30 * time.Second
	// dialTimeout is shorter than DefaultTimeout, so the log names a dead address as the cause.
	dialTimeout = time.Second
)

// WebhookOptions configure a [Webhook].
type WebhookOptions struct {
	URL    string
	Secret string // signs the queries; "" leaves them unsigned
}

// Webhook asks an HTTP endpoint of the application. It is safe for concurrent use.
type Webhook struct {
	options WebhookOptions
	client  *http.Client
}

// NewWebhook returns a webhook. Call Close after the last query.
func NewWebhook(options WebhookOptions) *Webhook {
	return &Webhook{options: options, client: &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true, // a small answer must not expand to a large one
			ForceAttemptHTTP2:      true,
		},
		// A redirect must not send the query to an address that is not configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes the idle connections.
func (w *Webhook) Close() { w.client.CloseIdleConnections() }

// Decide implements [Decider].
func (w *Webhook) Decide(ctx context.Context, q *Query) (Decision, error) {
	body, err := encodeQuery(q)
	if err != nil {
		return Decision{}, err
	}
	text, err := w.Exchange(ctx, body)
	if err != nil {
		return Decision{}, err
	}
	return decodeDecision(text)
}

// Exchange posts a JSON object and returns the body of the answer.
func (w *Webhook) Exchange(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.options.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the webhook: %w", withoutURL(err))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Tidings")
	if w.options.Secret != "" {
		request.Header.Set(SignatureHeader, Sign(w.options.Secret, time.Now(), body))
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the webhook: %w", withoutURL(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the webhook's answer: %w", err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the webhook answered with status %d", response.StatusCode)
	case len(text) > maxAnswerBytes:
		return nil, fmt.Errorf("the webhook's answer is longer than %d bytes", maxAnswerBytes)
	}
	return text, nil
}

// withoutURL strips the address from an error, because the address may hold a token.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// Sign returns the value of [SignatureHeader].
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
