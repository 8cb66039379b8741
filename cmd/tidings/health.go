package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

type healthCommand struct {
	Server   string        `help:"Address of the server; http://127.0.0.1:8080 if left out." default:"http://127.0.0.1:8080" env:"TIDINGS_SERVER" placeholder:"URL"`
	Ready    bool          `help:"Also fail while the server should get no requests: it starts, stops, or cannot store."`
	Timeout  time.Duration `help:"How long the answer may take; 5s if left out." default:"5s" placeholder:"DURATION"`
	Insecure bool          `help:"Accept any certificate, for a check on the machine itself, where the certificate has another name."`
	outputFlag
}

// Help is shown by --help.
func (healthCommand) Help() string {
	return `Examples:
  tidings health
  tidings health --ready --server https://127.0.0.1:8443 --insecure

Ends with 0 if the server answers that it works, with 1 if it answers anything else, and with 3 if nothing answers.`
}

// maxHealthAnswer bounds the answer that is read. An answer has one line.
const maxHealthAnswer = 4 << 10

// Run is called by kong.
func (c *healthCommand) Run(ctx context.Context, s streams) error {
	path := "/healthz"
	if c.Ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	status, said, err := c.ask(ctx, path)
	if err != nil {
		return err
	}
	healthy := status == http.StatusOK
	if c.JSON {
		if err := printJSON(s.out, map[string]any{"healthy": healthy, "status": status, "answer": said}); err != nil {
			return err
		}
	} else if healthy {
		fmt.Fprintln(s.out, clean(said))
	}
	switch {
	case healthy:
		return nil
	case c.JSON:
		return errReported
	case status == http.StatusServiceUnavailable:
		return fmt.Errorf("the server at %s is %s", c.Server, clean(said))
	}
	return fmt.Errorf("%s%s answered %d: is it Tidings?", strings.TrimRight(c.Server, "/"), path, status)
}

// ask returns the status of the answer and its text. The text of a problem is its detail.
func (c *healthCommand) ask(ctx context.Context, path string) (status int, said string, err error) {
	base, err := (&remote{Server: c.Server}).baseURL()
	if err != nil {
		return 0, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String()+path, nil)
	if err != nil {
		return 0, "", fmt.Errorf("make the request: %w", err)
	}
	answer, err := c.client().Do(request)
	if err != nil {
		return 0, "", &unreachableError{server: c.Server, cause: err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxHealthAnswer))
	if err != nil {
		return 0, "", fmt.Errorf("read the answer: %w", err)
	}
	said = strings.TrimSpace(string(body))
	var refused *refusedError
	answer.Body = io.NopCloser(strings.NewReader(said))
	if err := readAnswer(answer, nil); errors.As(err, &refused) && refused.Detail != "" {
		said = refused.Detail
	}
	return answer.StatusCode, said, nil
}

func (c *healthCommand) client() *http.Client {
	if !c.Insecure {
		return http.DefaultClient
	}
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // as the flag says; the answer holds nothing secret
	}}
}
