package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// maxBody limits the bytes of a request; a form of the demo is much smaller.
const maxBody = 64 << 10

// api returns the handler of the demo's backend. It refuses cross-origin requests: another site in the same browser
// cannot change anything.
func (d *Demo) api() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) (any, error){
		"GET /demo/api/users":       d.getUsers,
		"POST /demo/api/ticket":     d.postTicket,
		"GET /demo/api/orders":      d.getOrders,
		"GET /demo/api/orders/{id}": d.getOrder,
		"PUT /demo/api/orders/{id}": d.putOrder,
		"POST /demo/api/flash":      d.postFlash,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := serve(w, r)
			if err != nil {
				d.writeError(w, r, err)
				return
			}
			writeJSON(w, http.StatusOK, "application/json", answer)
		})
	}
	mux.HandleFunc("/demo/api/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusNotFound, fmt.Sprintf("there is no %s %s", r.Method, r.URL.Path))
	})
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.writeError(w, r, refuse(http.StatusForbidden, "only the demo's own pages may send this request"))
	}))
	return own.Handler(mux)
}

// refusal is an error that the page shows to its user.
type refusal struct {
	status int
	detail string
}

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, detail: fmt.Sprintf(format, args...)}
}

func (r *refusal) Error() string { return r.detail }

func (d *Demo) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var refused *refusal
	if !errors.As(err, &refused) {
		d.logger.ErrorContext(r.Context(), "a request of the demo failed", "path", r.URL.Path, "error", err)
		refused = &refusal{http.StatusInternalServerError, "the demo failed to answer; its log says why"}
	}
	writeProblem(w, refused.status, refused.detail)
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	writeJSON(w, status, "application/problem+json", map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail,
	})
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // an error means that the page has closed the connection
}

func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, "the body is not the JSON that this request takes: %v", err)
	}
	return nil
}

// actingUser returns the user that the page names in Demo-User.
func actingUser(r *http.Request) (user, error) {
	u, ok := userByID(r.Header.Get("Demo-User"))
	if !ok {
		return user{}, refuse(http.StatusUnauthorized, "send the header Demo-User with one of the ids of /demo/api/users")
	}
	return u, nil
}
