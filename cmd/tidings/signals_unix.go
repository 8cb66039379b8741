//go:build unix

package main

import (
	"os"
	"syscall"
)

var writeErrors = []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ}
