package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// maxBody is far more than any form of the demo holds.
const maxBody = 64 << 10

// api serves what the pages ask for, to the pages only: a site of somebody else's that the same
// browser has open gets nothing changed here.
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
		d.writeError(w, r, refuse(http.StatusForbidden, "this is for the demo's own pages"))
	}))
	return own.Handler(mux)
}

// refusal is an error for the page.
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
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the page is gone, nobody is left to tell
}

func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, "the body is not what belongs here: %v", err)
	}
	return nil
}

// actingUser is who the page says that it is.
func actingUser(r *http.Request) (user, error) {
	u, ok := userByID(r.Header.Get("Demo-User"))
	if !ok {
		return user{}, refuse(http.StatusUnauthorized, "send the header Demo-User with one of the ids of /demo/api/users")
	}
	return u, nil
}
