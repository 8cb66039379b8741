package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// settings lists where the configuration is looked for if no file is named.
var settings = []string{"tidings.yaml", systemSettings()}

// systemSettings returns where packages put the configuration.
func systemSettings() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "tidings", "tidings.yaml")
	}
	return "/etc/tidings/tidings.yaml"
}

// findSettings returns the configuration file that is read if none is named, or "". A file that exists but cannot be
// read is returned, so that the reader reports why.
func findSettings() string {
	for _, path := range settings {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

// lookedFor names the places of [findSettings] for a sentence.
func lookedFor() string { return strings.Join(settings, " nor ") }
