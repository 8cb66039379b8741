package httpapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"github.com/danielgtaylor/huma/v2/negotiation"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Documentation is the address of the documentation.
const Documentation = "https://github.com/tidings-io/tidings/tree/main/docs"

// Index says what is at an address: as a page to people, as JSON to programs.
type Index struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Links       []Link `json:"links"`
}

// Link leads from an index to another address. Href is relative, so it is right behind the prefix of a proxy.
type Link struct {
	Title string `json:"title"`
	Href  string `json:"href"`
}

// indexStyle is the style of the page. The policy of the page allows it by its hash, and nothing else.
const indexStyle = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}` +
	`ul{padding-left:1.2rem}code{overflow-wrap:anywhere}`

var indexPage = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Name}}</title>
<style>` + indexStyle + `</style>
</head>
<body>
<main>
<h1>{{.Name}}</h1>
<p>{{.Description}}</p>
<ul>
{{range .Links}}<li><a href="{{.Href}}">{{.Title}}</a></li>
{{end}}</ul>
<p>Version {{.Version}}</p>
</main>
</body>
</html>
`))

// ServeHTTP answers GET and HEAD.
func (i *Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p := NewProblem(http.StatusMethodNotAllowed, "%s is not possible on %s; allowed: GET, HEAD", r.Method, r.URL.Path)
		p.header = http.Header{"Allow": {"GET, HEAD"}}
		p.Write(w)
		return
	}
	header := w.Header()
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	body, err := i.as(negotiation.SelectQValue(r.Header.Get("Accept"), []string{jsonType, "text/html"}), header)
	if err != nil { // cannot happen: the index is text
		NewProblem(http.StatusInternalServerError, "the index cannot be written: %v", err).Write(w)
		return
	}
	w.Write(body) //nolint:errcheck // the client has gone
}

// as returns the index in a media type, and sets the headers of that type. JSON is the default.
func (i *Index) as(mediaType string, header http.Header) ([]byte, error) {
	if mediaType != "text/html" {
		header.Set("Content-Type", jsonType)
		body, err := json.Marshal(i, jsontext.WithIndent("  "))
		return append(body, '\n'), err
	}
	sum := sha256.Sum256([]byte(indexStyle))
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sum[:])))
	header.Set("Referrer-Policy", "same-origin")
	var page bytes.Buffer
	err := indexPage.Execute(&page, i)
	return page.Bytes(), err
}

// addIndex serves what the API is, with and without a slash at the end.
func (a *API) addIndex() {
	for path, below := range map[string]string{Prefix[:len(Prefix)-1]: "v1/", Prefix + "{$}": ""} {
		a.mux.Handle("GET "+path, &Index{
			Name: "Tidings HTTP API", Version: cmp.Or(a.options.Version, "dev"),
			Description: "Backends publish, call and administer here. Every request carries an API key: Authorization: Bearer <key>.",
			Links: []Link{
				{"All operations, to read and to try", below + "docs"},
				{"The OpenAPI document", below + "openapi.json"},
				{"Documentation of the HTTP API", "https://github.com/tidings-io/tidings/blob/main/docs/http-api.md"},
			},
		})
	}
}

// Interface guards.
var _ http.Handler = (*Index)(nil)
