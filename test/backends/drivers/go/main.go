// Command go calls the client of Go as its standard input says: a JSON object on each line is one call, and so is each
// answer.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	tidings "github.com/tidings-io/tidings/backends/go"
)

type given struct {
	URL, Key, Secret                 string
	Pause                            float64
	Strict, Cut                      bool
	User, Name, Tenant               string
	Roles                            []string
	Claims                           map[string]any
	Session                          int
	Topic, Contract                  string
	Args                             []any
	Kwargs                           map[string]any
	IdempotencyKey                   string `json:"idempotency_key"`
	Tags, Fields, Operators          []string
	Author                           *tidings.Author
	Tab, Version, Text, Level        string
	Record, Message, Body, Signature string
	Params                           map[string]string
}

type driver struct {
	client *tidings.Client
	log    bytes.Buffer
}

func (d *driver) create(a *given) (err error) {
	pause := time.Duration(a.Pause * float64(time.Second))
	if pause == 0 {
		pause = -1
	}
	plain := slog.NewTextHandler(&d.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
		if attr.Key != "error" {
			return slog.Attr{}
		}
		return attr
	}})
	d.client, err = tidings.New(tidings.Options{URL: a.URL, Key: a.Key, Secret: a.Secret, Pause: pause, Strict: a.Strict, Logger: slog.New(plain)})
	return err
}

// call returns a result that may be nil, and false if the client said nothing because it has failed.
func (d *driver) call(ctx context.Context, name string, a *given) (any, error) {
	switch name {
	case "new":
		return nil, d.create(a)
	case "ticket":
		return d.client.Ticket(ctx, tidings.User{
			ID: a.User, Name: a.Name, Roles: a.Roles, Tenant: a.Tenant, Claims: a.Claims,
			Session: time.Duration(a.Session) * time.Second,
		})
	case "publish":
		return d.client.Publish(ctx, tidings.Publication{Topic: a.Topic, Args: a.Args, Kwargs: a.Kwargs, IdempotencyKey: a.IdempotencyKey})
	case "changed":
		return d.client.Changed(ctx, tidings.Change{
			Tags: a.Tags, Author: a.Author, Tab: a.Tab, Version: a.Version, Fields: a.Fields,
			IdempotencyKey: a.IdempotencyKey,
		})
	case "flash":
		if a.Cut {
			a.Text = a.Text[:len(a.Text)-1]
		}
		return d.client.Flash(ctx, a.User, tidings.Message{Text: a.Text, Level: a.Level})
	case "presence":
		return d.client.Presence(ctx, a.Record)
	case "maintenance":
		return d.client.Maintenance(ctx)
	case "maintenance_on":
		return d.client.MaintenanceOn(ctx, a.Message, a.Operators...)
	case "maintenance_off":
		return d.client.MaintenanceOff(ctx)
	case "verify":
		return tidings.Verify([]byte(a.Body), a.Signature, a.Secret), nil
	case "topic":
		var values []string
		for _, value := range a.Params { // the tests have one
			values = append(values, value)
		}
		return tidings.Topic(a.Contract, values...), nil
	}
	return nil, errors.New("the client has no " + name)
}

func main() {
	d := &driver{}
	for lines := bufio.NewReader(os.Stdin); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		var asked struct {
			Call string
			With given
		}
		if err := errors.Join(err, json.Unmarshal(line, &asked)); err != nil {
			log.Fatal(err)
		}
		d.log.Reset()
		begun := time.Now()
		result, err := d.call(context.Background(), asked.Call, &asked.With)
		answer := map[string]any{"result": result, "error": "", "seconds": time.Since(begun).Seconds(), "log": []string{}}
		if err != nil {
			answer["error"], answer["result"] = err.Error(), nil
		}
		if failed, is := errors.AsType[*tidings.Failed](err); is {
			answer["status"], answer["temporary"] = failed.Status, failed.Temporary
		}
		if said := strings.TrimSpace(d.log.String()); said != "" {
			answer["log"], answer["result"] = strings.Split(said, "\n"), nil // zero, as the documentation says
		}
		if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
