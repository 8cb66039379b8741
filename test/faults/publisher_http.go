//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tidings-io/tidings/internal/wamp"
)

// batch is the body of a request that publishes several at once, and its answer.
type (
	batch struct {
		Publications []posted `json:"publications"`
	}
	posted struct {
		Topic          string   `json:"topic"`
		Args           []any    `json:"args"`
		Key            string   `json:"idempotency_key"`
		ExcludeAuthID  []string `json:"exclude_authid,omitempty"`
		EligibleAuthID []string `json:"eligible_authid,omitempty"`
	}
	batchResult struct {
		Results []struct {
			Status  int `json:"status"`
			Problem struct {
				Detail string `json:"detail"`
			} `json:"problem"`
		} `json:"results"`
	}
)

// requestPatience bounds a request of a backend. Then it asks again, with the same idempotency keys.
const requestPatience = 3 * time.Second

// runHTTP publishes in batches until the context ends.
func (p *publisher) runHTTP(ctx context.Context) {
	client := &http.Client{Timeout: requestPatience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return p.dial(ctx, way{transport: "websocket"})
		},
	}}
	defer client.CloseIdleConnections()
	var requests wamp.Sequence
	for tries := 1; ctx.Err() == nil; tries++ {
		waiting, changed := p.take(&requests)
		if len(waiting) == 0 {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		err := p.post(ctx, client, waiting)
		var fatal fatalError
		switch {
		case errors.As(err, &fatal):
			p.fail(fmt.Errorf("publisher %d over HTTP: %w", p.number, err))
			return
		case err != nil:
			client.CloseIdleConnections()
			p.again(waiting)
			backOff(ctx, tries)
		default:
			tries = 0
		}
	}
}

// take returns all that is to be sent.
func (p *publisher) take(requests *wamp.Sequence) (all []*try, changed chan struct{}) {
	for {
		t, changed := p.next(requests)
		if t == nil {
			return all, changed
		}
		all = append(all, t)
	}
}

// again has tries sent once more.
func (p *publisher) again(tries []*try) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range tries {
		t.request = 0
	}
	p.notify()
}

// post publishes a batch and takes the answers. An error means that nothing is known of any.
func (p *publisher) post(ctx context.Context, client *http.Client, tries []*try) error {
	var body batch
	for _, t := range tries {
		one := posted{Topic: t.Topic, Args: []any{t.ID, p.textOf(t)}, Key: strconv.Itoa(t.ID)}
		switch t.list {
		case "exclude_authid":
			one.ExcludeAuthID = []string{reader}
		case "eligible_authid":
			one.EligibleAuthID = []string{reader}
		}
		body.Publications = append(body.Publications, one)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fatalError{err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/api/v1/publish/batch", bytes.NewReader(text))
	if err != nil {
		return fatalError{err}
	}
	r.Header.Set("Authorization", "Bearer "+backendKey)
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusServiceUnavailable:
		return errors.New("the server is not available")
	case response.StatusCode != http.StatusOK:
		return fatalError{fmt.Errorf("status %d: %s", response.StatusCode, answer)}
	}
	return p.results(tries, answer)
}

// results takes the result of each publication of a batch.
func (p *publisher) results(tries []*try, answer []byte) error {
	var all batchResult
	if err := json.Unmarshal(answer, &all); err != nil || len(all.Results) != len(tries) {
		return fatalError{fmt.Errorf("%d publications were answered with %s", len(tries), answer)}
	}
	for i, result := range all.Results {
		switch result.Status {
		case http.StatusOK:
			p.answered(tries[i].request)
		case http.StatusServiceUnavailable:
			p.refuse(tries[i].request)
		default:
			return fatalError{fmt.Errorf("publish: status %d: %s", result.Status, result.Problem.Detail)}
		}
	}
	return nil
}
