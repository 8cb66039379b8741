package handler

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
	// SignatureHeader carries the time and the signature of a question: t=<unix seconds>,v1=<hex of
	// HMAC-SHA256 over "<t>.<body>">. The time is signed, so that a recorded question is worth nothing
	// later.
	SignatureHeader = "Tidings-Signature"

	// maxReplyBytes bounds an answer: it may hold a payload, so the default size of a message.
	maxReplyBytes = 1 << 20
	// maxHeaderBytes bounds what stands before it.
	maxHeaderBytes = 16 << 10
	// maxIdle keeps connections for the next questions, and idleTime gives them back.
	maxIdle  = 16
	idleTime = 30 * time.Second
	// dialTime is less than the usual timeout: a dead address is told as such.
	dialTime = time.Second
)

// WebhookOptions name a webhook.
type WebhookOptions struct {
	URL    string
	Secret string // signs the questions; "" leaves them unsigned
}

// Webhook asks an HTTP endpoint of the application. It is safe for concurrent use.
type Webhook struct {
	options WebhookOptions
	client  *http.Client
}

// NewWebhook makes a webhook. Call Close when nobody asks any more.
func NewWebhook(options WebhookOptions) *Webhook {
	return &Webhook{options: options, client: &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTime}).DialContext,
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTime,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true, // a small answer must not become a large one
			ForceAttemptHTTP2:      true,
		},
		// The question goes to who is configured and to nobody whom he names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives the idle connections back.
func (w *Webhook) Close() { w.client.CloseIdleConnections() }

// Ask implements [Asker].
func (w *Webhook) Ask(ctx context.Context, r *Request) (Answer, error) {
	body, err := questionOf(r)
	if err != nil {
		return Answer{}, err
	}
	text, err := w.Exchange(ctx, body)
	if err != nil {
		return Answer{}, err
	}
	return answerOf(text)
}

// Exchange asks anything that is a JSON object, and gives the answer as it came.
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
	text, err := io.ReadAll(io.LimitReader(response.Body, maxReplyBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the webhook's answer: %w", err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the webhook answered with status %d", response.StatusCode)
	case len(text) > maxReplyBytes:
		return nil, fmt.Errorf("the webhook's answer is longer than %d bytes", maxReplyBytes)
	}
	return text, nil
}

// withoutURL keeps the address out of logs: it may hold a token.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// Sign makes the value of [SignatureHeader].
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
