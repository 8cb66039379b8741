// Package web embeds the built browser SDK, demo and API page, so that the binary serves them without Node.js. It never
// builds them: `npm run build` writes dist, and dist is committed.
package web

import (
	"embed"
	"encoding/json"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed packages/client/package.json
var clientPackage []byte

// Client returns the browser SDK: the ES module tidings.js and its type declarations.
func Client() fs.FS { return folder("dist/client") }

// ClientVersion returns the version of the browser SDK, as its npm package has it.
func ClientVersion() string {
	var manifest struct{ Version string }
	if err := json.Unmarshal(clientPackage, &manifest); err != nil {
		panic(err) // the file is part of the binary
	}
	return manifest.Version
}

// Demo returns the pages of the demo application.
func Demo() fs.FS { return folder("dist/demo") }

// APIDocs returns the page that shows the OpenAPI document, with Swagger UI. What is long in it is compressed (.gz).
func APIDocs() fs.FS { return folder("dist/apidocs") }

func folder(name string) fs.FS {
	files, err := fs.Sub(dist, name)
	if err != nil {
		panic(err) // only an invalid name fails, and the names are constants above
	}
	return files
}
