package demo

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	tidings "github.com/tidings-io/tidings"
)

// order is a customer's order.
type order struct {
	ID        int       `json:"id"`
	Customer  string    `json:"customer"`
	Item      string    `json:"item"`
	Quantity  int       `json:"quantity"`
	Price     float64   `json:"price"` // euros each
	Status    string    `json:"status"`
	Note      string    `json:"note"`
	Version   int       `json:"version"`
	UpdatedBy string    `json:"updated_by"`
	UpdatedAt time.Time `json:"updated_at"`
}

// orderInput is the order that a form sends.
type orderInput struct {
	Customer string  `json:"customer"`
	Item     string  `json:"item"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
	Status   string  `json:"status"`
	Note     string  `json:"note"`
	Version  int     `json:"version"` // the version that the form shows
}

var statuses = []string{"new", "confirmed", "packed", "shipped", "cancelled"} //nolint:misspell // the pages spell it so

// Limits of the fields, which keep the list of orders readable.
const (
	maxText     = 120
	maxNote     = 1000
	maxQuantity = 100_000
	maxPrice    = 1_000_000
)

// orders stores the orders. Safe for concurrent use.
type orders struct {
	mu   sync.Mutex // guards byID
	byID map[int]order
}

func newOrders() *orders {
	o := &orders{byID: map[int]order{}}
	start := time.Now().UTC().Truncate(time.Second)
	for i, made := range []order{
		{Customer: "Hansen Shipping", Item: "Mooring line, 24 mm, 220 m", Quantity: 6, Price: 418.50, Status: "confirmed", Note: "Deliver to berth 7 before Thursday."},
		{Customer: "Bakery Lindqvist", Item: "Rye flour, 25 kg", Quantity: 40, Price: 21.90, Status: "packed"},
		{Customer: "Northwind Hotels", Item: "Bath towel, white, 70 x 140 cm", Quantity: 300, Price: 6.75, Status: "new", Note: "Monogram as in the last order."},
		{Customer: "Atelier Moreau", Item: "Oak board, 30 mm, planed", Quantity: 18, Price: 64.00, Status: "shipped"},
		{Customer: "Kowalski & Sons", Item: "Cordless drill, 18 V", Quantity: 12, Price: 139.00, Status: "confirmed"},
		{Customer: "City of Tampere", Item: "LED street lamp, 60 W", Quantity: 85, Price: 212.40, Status: "new", Note: "Tender 2214. Partial deliveries are fine."},
		{Customer: "Green Valley Farms", Item: "Drip hose, 16 mm, 500 m", Quantity: 9, Price: 88.20, Status: "packed"},
		{Customer: "Studio Pixelwerk", Item: "Monitor, 27 inch, 5K", Quantity: 4, Price: 1199.00, Status: "confirmed"},
		{Customer: "Harbor Cafe", Item: "Espresso beans, 1 kg", Quantity: 60, Price: 17.80, Status: "shipped"},
		{Customer: "Oakridge School", Item: "Microscope, binocular", Quantity: 15, Price: 329.00, Status: "new"},
		{Customer: "Velo Verde", Item: "Bicycle chain, 12-speed", Quantity: 120, Price: 24.30, Status: "cancelled", Note: "Wrong speed, taken back."}, //nolint:misspell // the pages spell it so
		{Customer: "Aurora Clinics", Item: "Nitrile gloves, M, box of 200", Quantity: 500, Price: 11.25, Status: "confirmed", Note: "Lot numbers on the delivery note, please."},
	} {
		made.ID, made.Version = 1040+i, 1
		made.UpdatedBy = users[i%len(users)].ID
		made.UpdatedAt = start.Add(-time.Duration(i*i*17+3) * time.Minute)
		o.byID[made.ID] = made
	}
	return o
}

func (o *orders) list() []order {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.SortedFunc(maps.Values(o.byID), func(a, b order) int { return cmp.Compare(a.ID, b.ID) })
}

func (o *orders) get(id int) (order, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.byID[id]
	return found, ok
}

// put saves a form if its version is the stored one, and returns the names of the changed fields. A page that got no
// answer sends the same form again: put then returns what the first one has saved.
func (o *orders) put(id int, in orderInput, by user) (saved order, changed []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	saved, ok := o.byID[id]
	if !ok {
		return saved, nil, refuse(http.StatusNotFound, "there is no order %d", id)
	}
	if in.repeats(saved, by) {
		return saved, nil, nil
	}
	if in.Version != saved.Version {
		return saved, nil, refuse(http.StatusConflict, "order %d was changed by %s meanwhile: it has version %d, your form has version %d. Reload and repeat your change", id, nameOf(saved.UpdatedBy), saved.Version, in.Version)
	}
	if changed = in.applyTo(&saved); len(changed) == 0 {
		return saved, nil, nil
	}
	saved.Version++
	saved.UpdatedBy, saved.UpdatedAt = by.ID, time.Now().UTC().Truncate(time.Millisecond)
	o.byID[id] = saved
	return saved, changed, nil
}

func nameOf(id string) string {
	u, ok := userByID(id)
	if !ok {
		return id
	}
	return u.Name
}

// repeats reports whether the form is the one that made the stored version.
func (in orderInput) repeats(saved order, by user) bool {
	return in.Version > 0 && in.Version == saved.Version-1 && saved.UpdatedBy == by.ID && len(in.applyTo(&saved)) == 0
}

// applyTo copies the fields that differ and returns their names.
func (in orderInput) applyTo(to *order) (changed []string) {
	set := func(name string, differs bool, assign func()) {
		if differs {
			assign()
			changed = append(changed, name)
		}
	}
	set("customer", in.Customer != to.Customer, func() { to.Customer = in.Customer })
	set("item", in.Item != to.Item, func() { to.Item = in.Item })
	set("quantity", in.Quantity != to.Quantity, func() { to.Quantity = in.Quantity })
	set("price", in.Price != to.Price, func() { to.Price = in.Price })
	set("status", in.Status != to.Status, func() { to.Status = in.Status })
	set("note", in.Note != to.Note, func() { to.Note = in.Note })
	return changed
}

func (in *orderInput) check() error {
	in.Customer, in.Item = strings.TrimSpace(in.Customer), strings.TrimSpace(in.Item)
	switch {
	case in.Customer == "" || len(in.Customer) > maxText:
		return refuse(http.StatusUnprocessableEntity, "customer: 1 to %d characters", maxText)
	case in.Item == "" || len(in.Item) > maxText:
		return refuse(http.StatusUnprocessableEntity, "item: 1 to %d characters", maxText)
	case in.Quantity < 1 || in.Quantity > maxQuantity:
		return refuse(http.StatusUnprocessableEntity, "quantity: 1 to %d", maxQuantity)
	case in.Price < 0 || in.Price > maxPrice:
		return refuse(http.StatusUnprocessableEntity, "price: 0 to %d euros", maxPrice)
	case !slices.Contains(statuses, in.Status):
		return refuse(http.StatusUnprocessableEntity, "status: one of %s", strings.Join(statuses, ", "))
	case len(in.Note) > maxNote:
		return refuse(http.StatusUnprocessableEntity, "note: at most %d characters", maxNote)
	}
	return nil
}

func (d *Demo) getOrders(http.ResponseWriter, *http.Request) (any, error) {
	return d.orders.list(), nil
}

func (d *Demo) getOrder(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := orderID(r)
	if err != nil {
		return nil, err
	}
	found, ok := d.orders.get(id)
	if !ok {
		return nil, refuse(http.StatusNotFound, "there is no order %d", id)
	}
	return found, nil
}

// orderChange is a change of an order that was saved.
type orderChange struct {
	order  order
	author user
	tab    string // that saved it
	fields []string
}

// tellChange notifies the pages that watch the order. The feature content replaces it.
var tellChange = func(context.Context, *tidings.Server, orderChange) error { return nil }

// putOrder saves an order and notifies all pages that watch it, except the page that saved it.
func (d *Demo) putOrder(w http.ResponseWriter, r *http.Request) (any, error) {
	author, err := actingUser(r)
	if err != nil {
		return nil, err
	}
	id, err := orderID(r)
	if err != nil {
		return nil, err
	}
	var in orderInput
	if err := readJSON(w, r, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	saved, changed, err := d.orders.put(id, in, author)
	if err != nil || len(changed) == 0 {
		return saved, err
	}
	err = tellChange(r.Context(), d.server, orderChange{order: saved, author: author, tab: r.Header.Get("Tidings-Tab"), fields: changed})
	if err != nil { // the order is saved: only the notification failed
		d.logger.ErrorContext(r.Context(), "an order was saved, but the pages that watch it were not notified", "order", id, "error", err)
	}
	return saved, nil
}

func orderID(r *http.Request) (int, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return 0, refuse(http.StatusNotFound, "%q is not the number of an order", r.PathValue("id"))
	}
	return id, nil
}
