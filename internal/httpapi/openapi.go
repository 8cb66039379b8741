package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	schemaPrefix   = "#/components/schemas/"
	securityScheme = "apiKey"
	jsonType       = "application/json"
)

func (a *API) humaConfig() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Tidings",
				Version:     cmp.Or(a.options.Version, "dev"),
				Description: "What a backend asks of Tidings. Errors are problem documents (RFC 9457).",
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "/", Description: "this server"}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer",
					Description: "An API key of the configuration (api_keys). It needs the scope that the operation names.",
				}},
			},
		},
		Formats:       map[string]huma.Format{jsonType: strictJSON, "json": strictJSON},
		DefaultFormat: jsonType,
		Transformers:  []huma.Transformer{reshape},
	}
}

// operation is what one of huma's operations says of itself.
type operation struct {
	scope                Scope
	method, path, id     string
	summary, description string
	status               int   // of success; 0: 200
	errors               []int // besides those that every operation can give
	request              any   // an example of the body
}

// register adds an operation that huma decodes, checks and documents.
func register[I, O any](a *API, op operation, handler func(context.Context, *I) (*O, error)) {
	if op.status == 0 {
		op.status = http.StatusOK
	}
	described := a.describe(op)
	described.DefaultStatus = op.status
	described.MaxBodyBytes = a.options.MaxBody
	described.BodyReadTimeout = bodyTimeout
	described.RejectUnknownQueryParameters = true
	if op.request != nil {
		described.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: {Example: op.request}}}
	}
	huma.Register(a.huma, described, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, err)
		}
		return out, nil
	})
}

// describe makes what all operations have in common: tag, security, and the errors.
func (a *API) describe(op operation) huma.Operation {
	codes := append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError}, op.errors...)
	if op.method == http.MethodPost || op.method == http.MethodPut {
		codes = append(codes, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	slices.Sort(codes)
	problem := a.schema(reflect.TypeFor[Problem]())
	responses := map[string]*huma.Response{}
	for _, code := range codes {
		responses[strconv.Itoa(code)] = &huma.Response{
			Description: http.StatusText(code),
			Content:     map[string]*huma.MediaType{problemType: {Schema: problem}},
		}
	}
	return huma.Operation{
		OperationID: op.id,
		Method:      op.method,
		Path:        Prefix + op.path,
		Summary:     op.summary,
		Description: op.description + "\n\nScope: `" + string(op.scope) + "`.",
		Tags:        []string{string(op.scope)},
		Security:    []map[string][]string{{securityScheme: {}}},
		Metadata:    map[string]any{scopeMetadata: op.scope},
		Responses:   responses,
	}
}

func (a *API) schema(t reflect.Type) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(t, true, "")
}

// plainOperation is a POST that a plain handler serves; its description is made by hand.
type plainOperation struct {
	scope                Scope
	path, id             string
	summary, description string
	request, response    interface {
		schema(*API) *huma.Schema
		value() any
	}
	serve func(http.ResponseWriter, *http.Request) error
}

// example is a value of the type T, for the document.
type example[T any] struct{ Value any }

func (e example[T]) value() any                 { return e.Value }
func (e example[T]) schema(a *API) *huma.Schema { return a.schema(reflect.TypeFor[T]()) }

// raw is JSON for the document, as a person would write it.
func raw(text string) jsontext.Value { return jsontext.Value(text) }

func (a *API) addPlain(op plainOperation) {
	a.mux.HandleFunc("POST "+Prefix+op.path, a.admitPlain(op.scope, op.serve))

	described := a.describe(operation{
		scope: op.scope, method: http.MethodPost, path: op.path, id: op.id,
		summary: op.summary, description: op.description,
	})
	described.RequestBody = &huma.RequestBody{
		Required: true,
		Content:  map[string]*huma.MediaType{jsonType: {Schema: op.request.schema(a), Example: op.request.value()}},
	}
	described.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{jsonType: {Schema: op.response.schema(a), Example: op.response.value()}},
	}
	a.huma.OpenAPI().AddOperation(&described)
}

// addDocument serves the OpenAPI document, to everybody: it holds no secret, and tools that read it
// have no key.
func (a *API) addDocument() error {
	openapi := a.huma.OpenAPI()
	for _, scope := range Scopes() {
		openapi.Tags = append(openapi.Tags, &huma.Tag{Name: string(scope)})
	}
	document, err := openapi.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	value := jsontext.Value(document)
	if err := value.Indent(); err != nil {
		return fmt.Errorf("indent the OpenAPI document: %w", err)
	}
	a.document = value
	a.mux.HandleFunc("GET "+Prefix+"openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(a.document) //nolint:errcheck // the client is gone, nobody is left to tell
	})
	return nil
}
