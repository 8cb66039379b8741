// Command go serves an order form. Its users see other users that edit, saves of others, and maintenance.
package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	tidings "github.com/tidings-io/tidings/backends/go"
)

type user struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type order struct {
	Version int    `json:"version"`
	Status  string `json:"status"`
	Note    string `json:"note"`
	By      string `json:"by"`
}

type app struct {
	tidings  *tidings.Client
	url      string
	pages    string
	sessions sync.Map // id to user

	mu    sync.Mutex
	order order // your application has a database
}

var users = map[string]string{"ann": "Ann Miller", "ben": "Ben Okafor"} // your application has its own

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error means that the page has gone
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("user")
	if users[id] == "" {
		http.Error(w, "there is no such user", http.StatusForbidden)
		return
	}
	session := rand.Text()
	a.sessions.Store(session, user{id, users[id]})
	http.SetCookie(w, &http.Cookie{Name: "orders_go", Value: session, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// of passes the user of the session on.
func (a *app) of(serve func(http.ResponseWriter, *http.Request, user)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("orders_go"); err == nil {
			if found, loggedIn := a.sessions.Load(cookie.Value); loggedIn {
				serve(w, r, found.(user)) //nolint:forcetypeassert // login stores nothing else
				return
			}
		}
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		http.ServeFile(w, r, filepath.Join(a.pages, "login.html"))
	}
}

func (a *app) read() order {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.order
}

func (a *app) page(w http.ResponseWriter, _ *http.Request, u user) {
	page, err := os.ReadFile(filepath.Join(a.pages, "order.html"))
	state, jsonErr := json.Marshal(map[string]any{"user": u, "operator": u.ID == "ann", "tidings": a.url, "order": a.read()})
	if err := cmp.Or(err, jsonErr); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	filled := strings.NewReplacer("__TIDINGS__", html.EscapeString(a.url), "__APP__", string(state))
	_, _ = filled.WriteString(w, string(page))
}

func (a *app) save(w http.ResponseWriter, r *http.Request, u user) {
	var sent order
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	a.mu.Lock() // the transaction
	if sent.Version != a.order.Version {
		by := a.order.By
		a.mu.Unlock()
		reply(w, http.StatusConflict, map[string]string{"by": by})
		return
	}
	a.order = order{sent.Version + 1, sent.Status, sent.Note, u.Name}
	saved := a.order
	a.mu.Unlock()

	_, _ = a.tidings.Changed(r.Context(), tidings.Change{ // after the commit; the client logs a failure
		Tags: []string{"order.42"}, Author: &tidings.Author{ID: u.ID, Name: u.Name},
		Tab: r.Header.Get("Tidings-Tab"), Version: strconv.Itoa(saved.Version),
	})
	there, _ := a.tidings.Presence(r.Context(), "order.42")
	editors := []string{}
	for _, p := range there.People {
		if p.Mode == "edit" && p.ID != u.ID {
			editors = append(editors, p.Name)
		}
	}
	reply(w, http.StatusOK, map[string]any{"order": saved, "editors": editors})
}

func (a *app) ticket(w http.ResponseWriter, r *http.Request, u user) {
	ticket, err := a.tidings.Ticket(r.Context(), tidings.User{ID: u.ID, Name: u.Name, Roles: []string{"staff"}})
	if err != nil {
		log.Print(err)
		reply(w, http.StatusServiceUnavailable, map[string]string{"error": "no ticket now"})
		return
	}
	reply(w, http.StatusOK, map[string]string{"ticket": ticket})
}

func (a *app) maintenance(w http.ResponseWriter, r *http.Request, u user) {
	var sent struct{ Message string }
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || u.ID != "ann" {
		reply(w, http.StatusForbidden, map[string]string{"error": "only operators may"})
		return
	}
	if sent.Message == "" {
		_, _ = a.tidings.MaintenanceOff(r.Context())
	} else {
		_, _ = a.tidings.MaintenanceOn(r.Context(), sent.Message, "ann")
	}
	reply(w, http.StatusOK, map[string]any{})
}

func main() {
	a := &app{url: cmp.Or(os.Getenv("TIDINGS_URL"), "http://127.0.0.1:8080"), order: order{1, "open", "", "Ann Miller"}}
	a.pages = cmp.Or(os.Getenv("ORDERS_PAGES"), "examples/orders/page")
	var err error
	if a.tidings, err = tidings.New(tidings.Options{URL: a.url, Key: os.Getenv("ORDERS_KEY"), Secret: os.Getenv("TIDINGS_SECRET")}); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("GET /{$}", a.of(a.page))
	mux.HandleFunc("GET /order", a.of(func(w http.ResponseWriter, _ *http.Request, _ user) { reply(w, http.StatusOK, a.read()) }))
	mux.HandleFunc("PUT /order", a.of(a.save))
	mux.HandleFunc("POST /ticket", a.of(a.ticket))
	mux.HandleFunc("POST /maintenance", a.of(a.maintenance))
	for _, file := range []string{"order.css", "order.js", "../../../web/dist/client/loader.js"} {
		mux.HandleFunc("GET /"+path.Base(file), func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(a.pages, file))
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "8004"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.NewCrossOriginProtection().Handler(mux))) //nolint:gosec // refuses what other sites send (CSRF)
}
