package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/user"
	"strings"
	"time"
)

type maintenanceCommand struct {
	On     maintenanceOn     `cmd:"" help:"Disable all open pages, and all that are opened later."`
	Off    maintenanceOff    `cmd:"" help:"Enable the pages again."`
	Status maintenanceStatus `cmd:"" help:"Show whether maintenance is on."`
}

type maintenanceOn struct {
	remote
	outputFlag
	Message  string   `help:"What the pages show." placeholder:"TEXT" default:"We are doing maintenance. This page comes back by itself."`
	Operator []string `help:"User whose pages stay usable; repeat for more." placeholder:"ID"`
	By       string   `help:"Who does it; your login name if left out." placeholder:"NAME"`
}

// Help is shown by --help.
func (maintenanceOn) Help() string {
	return `Example:
  tidings maintenance on --message "Back at 14:00" --operator olga --key demo`
}

// Run is called by kong.
func (c *maintenanceOn) Run(ctx context.Context, s streams) error {
	if c.By == "" {
		if login, err := user.Current(); err == nil {
			c.By = login.Username
		}
	}
	request := map[string]any{"message": c.Message, "by": c.By}
	if len(c.Operator) > 0 {
		request["operators"] = c.Operator
	}
	return showMaintenance(ctx, s, maintenanceRequest{&c.remote, http.MethodPut, request, c.outputFlag})
}

type maintenanceOff struct {
	remote
	outputFlag
}

// Help is shown by --help.
func (maintenanceOff) Help() string {
	return `Example:
  tidings maintenance off --key demo`
}

// Run is called by kong.
func (c *maintenanceOff) Run(ctx context.Context, s streams) error {
	return showMaintenance(ctx, s, maintenanceRequest{&c.remote, http.MethodDelete, nil, c.outputFlag})
}

type maintenanceStatus struct {
	remote
	outputFlag
}

// Help is shown by --help.
func (maintenanceStatus) Help() string {
	return `Example:
  tidings maintenance status --json --key demo`
}

// Run is called by kong.
func (c *maintenanceStatus) Run(ctx context.Context, s streams) error {
	return showMaintenance(ctx, s, maintenanceRequest{&c.remote, http.MethodGet, nil, c.outputFlag})
}

type maintenanceRequest struct {
	*remote
	method string
	body   any
	outputFlag
}

// showMaintenance sends a request and shows the state in the answer.
func showMaintenance(ctx context.Context, s streams, r maintenanceRequest) error {
	var raw json.RawMessage
	if err := r.request(ctx, r.method, "maintenance", r.body, &raw); err != nil {
		return err
	}
	var state struct {
		On        bool       `json:"on"`
		Message   string     `json:"message"`
		Since     *time.Time `json:"since"`
		By        string     `json:"by"`
		Operators []string   `json:"operators"`
	}
	if done, err := r.read(s, raw, &state); done || err != nil {
		return err
	}
	if !state.On {
		fmt.Fprintln(s.out, "maintenance is off")
		return nil
	}
	fmt.Fprint(s.out, "maintenance is on")
	if state.Since != nil {
		fmt.Fprintf(s.out, " since %s", state.Since.Local().Format("2006-01-02 15:04:05"))
	}
	if state.By != "" {
		fmt.Fprintf(s.out, ", by %s", clean(state.By))
	}
	fmt.Fprintf(s.out, "\nmessage: %s\n", clean(state.Message))
	if len(state.Operators) > 0 {
		fmt.Fprintf(s.out, "usable for: %s\n", clean(strings.Join(state.Operators, ", ")))
	}
	return nil
}
