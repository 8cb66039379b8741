package content

import (
	"cmp"
	"context"
	"net/http"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/publication"
)

const scope httpapi.Scope = "content"

type (
	// ChangeRequest is a change whose tags may be given by their contracts, too.
	ChangeRequest struct {
		Change
		Contracts []ContractTag `json:"contracts,omitempty" doc:"More tags, each as its contract with parameters." maxItems:"1000"`
	}
	// ContractTag is a tag by its contract.
	ContractTag struct {
		Contract string         `json:"contract" doc:"The pattern under content, as the configuration has it, or with its parameters without types." example:"customer.{email}" minLength:"1"`
		Params   httpapi.Params `json:"params,omitempty" doc:"The values of its parameters, by name: text or integers."`
	}
	changeInput struct {
		IdempotencyKey string `header:"Idempotency-Key" doc:"The same as idempotency_key of the body." maxLength:"128"`
		Body           ChangeRequest
	}
	changeOutput struct{ Body Result }
)

// Routes implements [httpapi.Resource].
func (c *Component) Routes(a *httpapi.API) {
	httpapi.Register(a, httpapi.Operation{
		Scope:       scope,
		Method:      http.MethodPost,
		Path:        "content/changed",
		ID:          "content-changed",
		Summary:     "Say that content has changed",
		Description: "Everyone who watches one of the tags is told that what they see is outdated; a tag that nobody watches costs nothing.",
		Request:     httpapi.JSON(`{"tags":["order.42"],"author":{"id":"42","name":"Ann Miller"},"version":"7","fields":["status"]}`),
	}, func(ctx context.Context, in *changeInput) (*changeOutput, error) {
		change := in.Body.Change
		if in.IdempotencyKey != "" && change.IdempotencyKey != "" && in.IdempotencyKey != change.IdempotencyKey {
			return nil, httpapi.NewProblem(http.StatusUnprocessableEntity, "the header Idempotency-Key and body.idempotency_key are not the same: send one of them")
		}
		change.IdempotencyKey = cmp.Or(change.IdempotencyKey, in.IdempotencyKey)
		change.by = publication.ByKey(httpapi.KeyName(ctx))
		for _, t := range in.Body.Contracts {
			tag, err := a.NameOf(TopicPrefix, "contracts", "", t.Contract, t.Params)
			if err != nil {
				return nil, err
			}
			change.Tags = append(change.Tags, tag)
		}
		result, err := c.Changed(ctx, change)
		return &changeOutput{Body: result}, err
	})
}

// SchemaName implements [httpapi.Named].
func (Result) SchemaName() string { return "ChangeAnswer" }

// Interface guards.
var (
	_ httpapi.Resource = (*Component)(nil)
	_ httpapi.Named    = Result{}
)
