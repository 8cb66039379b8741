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
				Schemas: huma.NewMapRegistry(schemaPrefix, schemaName),
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

// Operation describes an operation for the OpenAPI document.
type Operation struct {
	Scope                Scope
	Method, Path, ID     string // Path is below [Prefix]
	Summary, Description string
	Status               int   // of success; 0: 200
	Errors               []int // beside those of every operation
	Request              any   // an example of the body
	MaxBody              int64 // bytes; 0: as for every operation
}

// Named is implemented by JSON types whose name in the OpenAPI document is not their name in Go.
type Named interface{ SchemaName() string }

// schemaName returns the name of a type in the OpenAPI document.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if named, ok := reflect.Zero(t).Interface().(Named); ok {
		return named.SchemaName()
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// Register adds an operation. The API decodes requests into I, checks them by the tags of its fields,
// documents both types, and encodes O. An error of the handler becomes a problem document: a
// [*Problem] as it is, a *[wamp.Failure] by its URI, every other error as status 500 without its text.
func Register[I, O any](a *API, op Operation, handler func(context.Context, *I) (*O, error)) {
	if op.Status == 0 {
		op.Status = http.StatusOK
	}
	described := a.describe(op)
	described.DefaultStatus = op.Status
	described.MaxBodyBytes = a.options.MaxBody
	if op.MaxBody > 0 {
		described.MaxBodyBytes = min(op.MaxBody, a.options.MaxBody)
	}
	described.BodyReadTimeout = bodyTimeout
	if body, ok := reflect.TypeFor[I]().FieldByName("Body"); ok {
		described.Middlewares = huma.Middlewares{emptyMaps(body.Type, described.MaxBodyBytes)}
	}
	described.RejectUnknownQueryParameters = true
	if op.Request != nil {
		described.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: {Example: op.Request}}}
	}
	huma.Register(a.huma, described, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, err)
		}
		return out, nil
	})
}

// describe returns the description of an operation with the parts that all share: tag, security, errors.
func (a *API) describe(op Operation) huma.Operation {
	if !slices.Contains(a.scopes, op.Scope) {
		a.scopes = append(a.scopes, op.Scope)
	}
	codes := append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError}, op.Errors...)
	if op.Method == http.MethodPost || op.Method == http.MethodPut {
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
		OperationID: op.ID,
		Method:      op.Method,
		Path:        Prefix + op.Path,
		Summary:     op.Summary,
		Description: op.Description + "\n\nScope: `" + string(op.Scope) + "`.",
		Tags:        []string{string(op.Scope)},
		Security:    []map[string][]string{{securityScheme: {}}},
		Metadata:    map[string]any{scopeMetadata: op.Scope},
		Responses:   responses,
	}
}

func (a *API) schema(t reflect.Type) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(t, true, "")
}

// plainOperation is a POST operation that a plain handler serves; its description is written by hand.
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

// JSON returns an example of a body for the OpenAPI document, with the spelling of text.
func JSON(text string) jsontext.Value { return jsontext.Value(text) }

func (a *API) addPlain(op plainOperation) {
	a.mux.HandleFunc("POST "+Prefix+op.path, a.admitPlain(op.scope, op.serve))

	described := a.describe(Operation{
		Scope: op.scope, Method: http.MethodPost, Path: op.path, ID: op.id,
		Summary: op.summary, Description: op.description,
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

// addDocument serves the OpenAPI document without authentication: it holds no secret, and the tools
// that read it have no key.
func (a *API) addDocument() error {
	openapi := a.huma.OpenAPI()
	for _, scope := range a.scopes {
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
		w.Write(a.document) //nolint:errcheck // the client has gone
	})
	return nil
}
