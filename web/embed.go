// Package web holds the built browser parts, so that the binary serves them without Node.js. It never builds them:
// `npm run build` does, and its output is committed.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Client returns the browser SDK: tidings.js, one ES module, and its type declarations.
func Client() fs.FS { return folder("dist/client") }

// Demo returns the pages of the demo application.
func Demo() fs.FS { return folder("dist/demo") }

func folder(name string) fs.FS {
	files, err := fs.Sub(dist, name)
	if err != nil {
		panic(err) // only an invalid name does that, and the names stand above
	}
	return files
}
