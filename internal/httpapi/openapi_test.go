package httpapi_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/httpapi/apitest"
)

// operations lists the operations of the router.
var operations = []string{
	"DELETE /api/v1/logins", "DELETE /api/v1/sessions", "DELETE /api/v1/sessions/{id}", "GET /api/v1/sessions", "GET /api/v1/subscribers", "GET /api/v1/topics",
	"POST /api/v1/call", "POST /api/v1/invalidate", "POST /api/v1/publish", "POST /api/v1/publish/batch", "POST /api/v1/reload", "POST /api/v1/tickets",
}

func TestTheDocumentHasEveryOperation(t *testing.T) {
	api := newAPI(t, &fakes{})
	doc := apitest.ReadDocument(t, api)
	if diff := cmp.Diff(operations, doc.Operations()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Title != "Tidings" || doc.Info.Version != "1.2.3" {
		t.Errorf("openapi %q, info %+v", doc.OpenAPI, doc.Info)
	}
	if scheme := doc.Components.SecuritySchemes["apiKey"]; scheme["type"] != "http" || scheme["scheme"] != "bearer" {
		t.Errorf("security scheme %v", scheme)
	}
	doc.Check(t, api)
}

// things is a resource as features have them.
type things struct{}

type thing struct {
	Name string `json:"name" doc:"What it is called." minLength:"2"`
}

func (thing) SchemaName() string { return "NamedThing" }

func (things) Routes(a *httpapi.API) {
	type input struct{ Body thing }
	type output struct{ Body thing }
	httpapi.Register(a, httpapi.Operation{
		Scope: "things", Method: "POST", Path: "things", ID: "make-thing", Summary: "Make a thing", Description: "It is not kept.",
		Request: httpapi.JSON(`{"name":"wheel"}`),
	}, func(ctx context.Context, in *input) (*output, error) {
		if in.Body.Name == "broken" {
			return nil, errors.New("the reason is a secret")
		}
		return &output{Body: thing{Name: in.Body.Name + " of " + httpapi.KeyName(ctx)}}, nil
	})
}

func TestAResourceOfAFeatureIsServedAndDocumentedLikeOurOwn(t *testing.T) {
	api := apitest.New(t, things{})
	doc := apitest.ReadDocument(t, api)
	doc.Check(t, api)
	if !slices.Contains(doc.Operations(), "POST /api/v1/things") || doc.Components.Schemas["NamedThing"] == nil {
		t.Errorf("operations %q, schemas %v", doc.Operations(), doc.Components.Schemas)
	}
	if tags := doc.Tags; tags[0].Name != "publish" || tags[len(tags)-1].Name != "things" {
		t.Errorf("tags %v", tags)
	}
	for _, test := range []struct {
		key, body string
		status    int
		want      string
	}{
		{"things", `{"name":"wheel"}`, 200, `{"name":"wheel of the things key"}`},
		{"publish", `{"name":"wheel"}`, 403, `lacks the scope \"things\"`},
		{"things", `{"name":"w"}`, 422, "body.name"},
		{"all", `{"name":"broken"}`, 500, "its log says why"},
	} {
		answer := apitest.Request{Method: "POST", Path: "things", Key: test.key, Body: test.body}.Send(t, api)
		if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
			t.Errorf("%s %s: %d %s", test.key, test.body, answer.Code, answer.Body)
		}
	}
}
