package httpapi

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/wamp"
)

// MaxBatch is the number of publications that a batch may hold. It is enough for the changes of one
// transaction, and bounds the time of one request.
const MaxBatch = 1000

// Batch is a list of publications for one request.
type Batch struct {
	Publications []Publication `json:"publications" maxItems:"1000" doc:"What to publish, in this order."`
}

// BatchAnswer has one result for each publication, in the same order.
type BatchAnswer struct {
	Results []BatchResult `json:"results"`
}

// BatchResult is the receipt or the problem of one publication.
type BatchResult struct {
	Status      int      `json:"status" doc:"The status that this publication would have got alone." example:"200"`
	Publication wamp.ID  `json:"publication,omitzero" doc:"The id of the publication; absent if it was refused."`
	Deliveries  *int     `json:"deliveries,omitempty" doc:"How many subscribers it was sent to; absent if it was refused."`
	Repeated    bool     `json:"repeated,omitzero" doc:"The same was published before: this is its id, and nothing was sent again."`
	Epoch       string   `json:"epoch,omitzero" doc:"With seq the position after the publication, if its topic is kept."`
	Seq         uint64   `json:"seq,omitzero" doc:"See epoch."`
	Problem     *Problem `json:"problem,omitempty" doc:"Why it was refused; absent if it was not."`
}

func (a *API) addBatch() {
	a.addPlain(plainOperation{
		scope:   ScopePublish,
		path:    "publish/batch",
		id:      "publish-batch",
		summary: "Publish many",
		description: "Publishes each item as if it came alone, in order: one that is refused does not keep the others back, and has its own problem document in its place. " +
			"The answer is 200 whatever became of the items.",
		request: example[Batch]{Value: JSON(`{"publications":[{"topic":"order.42","kwargs":{"status":"shipped"}},{"topic":"order.43","args":["paid"]}]}`)},
		response: example[BatchAnswer]{Value: JSON(`{"results":[{"status":200,"publication":4711815442389120,"deliveries":3},` +
			`{"status":403,"problem":{"title":"Forbidden","status":403,"detail":"...","error":"wamp.error.not_authorized"}}]}`)},
		serve: a.batch,
	})
}

func (a *API) batch(w http.ResponseWriter, r *http.Request) error {
	var items struct {
		Publications []jsontext.Value `json:"publications"`
	}
	// The text and the names of an item are checked when it is read alone, so that they fail only that item.
	if err := a.decode(w, r, &items, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)); err != nil {
		return err
	}
	if items.Publications == nil {
		return missing("publications")
	}
	if n := len(items.Publications); n > MaxBatch {
		return NewProblem(http.StatusUnprocessableEntity, "body.publications: %d items, at most %d are allowed: send several batches", n, MaxBatch)
	}
	answer := BatchAnswer{Results: make([]BatchResult, 0, len(items.Publications))}
	for _, item := range items.Publications {
		answer.Results = append(answer.Results, a.batchOne(r, item))
	}
	w.Header().Set("Content-Type", "application/json")
	return json.MarshalWrite(w, answer)
}

func (a *API) batchOne(r *http.Request, item jsontext.Value) BatchResult {
	var p Publication
	err := decodeStrict(item, &p)
	if err == nil {
		var receipt Receipt
		if receipt, err = a.publishOne(r.Context(), &p); err == nil {
			return BatchResult{
				Status: http.StatusOK, Publication: receipt.Publication, Deliveries: &receipt.Deliveries, Repeated: receipt.Repeated,
				Epoch: receipt.Epoch, Seq: receipt.Seq,
			}
		}
	}
	problem := a.problemOf(r.Context(), err)
	return BatchResult{Status: problem.Status, Problem: problem}
}
