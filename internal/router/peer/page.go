package peer

// Page identifies a page beyond its sessions: by the tab that the page names, and by its user. Pages choose their tabs,
// and events tell a tab to other pages, so a tab alone proves nothing. Pages are comparable.
type Page struct {
	Tab    string
	User   string
	Tenant string
	Key    string // name of the API key of a backend
}

// Page returns the page of a tab of this user. It is the zero Page if there is no tab, and for anonymous sessions,
// because nothing proves that two of them are one visitor.
func (i *Identity) Page(tab string) Page {
	if tab == "" || i.Method == methodAnonymous {
		return Page{}
	}
	return Page{Tab: tab, User: i.ID, Tenant: i.Tenant, Key: i.Key}
}

// methodAnonymous is the authmethod of sessions without a proof.
const methodAnonymous = "anonymous"

// Is reports whether both are one known page.
func (p Page) Is(o Page) bool { return p.Tab != "" && p == o }
