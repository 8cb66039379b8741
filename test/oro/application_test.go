//go:build unix

package oro_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// user is a user of the application, as the server finds it.
type user struct {
	ID            int64    `json:"id"`
	Username      string   `json:"username"`
	Password      string   `json:"password"` // the stored hash
	Enabled       bool     `json:"enabled"`
	Organizations []int64  `json:"organizations"`
	Roles         []string `json:"roles"`
}

// application stands in for the application: it has pages, tickets and users.
type application struct {
	*httptest.Server

	mu     sync.Mutex // guards what follows
	users  map[string]user
	ticket func(user) string // replaces ticketOf; nil: it does not
	closed bool              // answers 503 to everything, as under maintenance
	given  int               // tickets
}

func startApplication(t *testing.T) *application {
	t.Helper()
	a := &application{users: map[string]user{}}
	for id, name := range []string{"admin", "anna", "bert"} {
		a.users[name] = user{
			ID: int64(id + 1), Username: name, Password: "$2y$13$" + name + "NcVb7Qm9kLpE4rTzUi6oXuA1cF3hJ5nB8dG0wY2xZ4qR6tV8", Enabled: true,
			Organizations: []int64{1}, Roles: []string{"ROLE_USER"},
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /page/", http.FileServer(http.Dir(".")))
	mux.HandleFunc("POST /sync/ticket", a.giveTicket)
	mux.HandleFunc("POST /users", a.giveUser)
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// change changes what the application answers.
func (a *application) change(with func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	with()
}

func (a *application) giveTicket(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	u, found := a.users[r.URL.Query().Get("user")]
	ticket, closed := a.makeTicket(u), a.closed
	a.given++
	a.mu.Unlock()
	if closed || !found {
		http.Error(w, "under maintenance", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"ticket": ticket}) // the page may have gone
}

// tickets returns how many tickets pages have asked for.
func (a *application) tickets() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.given
}

// giveUser answers the server's webhook: {"user": {...}}, or null for an unknown one.
func (a *application) giveUser(w http.ResponseWriter, r *http.Request) {
	var question struct{ Event, Name string }
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || question.Event != "oro_user" {
		http.Error(w, "not a question for a user", http.StatusBadRequest)
		return
	}
	var answer struct {
		User *user `json:"user"`
	}
	a.mu.Lock()
	if u, found := a.users[question.Name]; found {
		answer.User = &u
	}
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the server may have gone
}
