// Package web embeds the built browser SDK and demo, so that the binary serves them without Node.js. It never builds
// them: `npm run build` writes dist, and dist is committed.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Client returns the browser SDK: the ES module tidings.js and its type declarations.
func Client() fs.FS { return folder("dist/client") }

// Demo returns the pages of the demo application.
func Demo() fs.FS { return folder("dist/demo") }

func folder(name string) fs.FS {
	files, err := fs.Sub(dist, name)
	if err != nil {
		panic(err) // only an invalid name fails, and both names are constants above
	}
	return files
}
