//go:build unix

package bench_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/tidings-io/tidings/internal/bench"
)

func TestMoreConnectionsThanAllowedFilesAreRefusedBeforeAnyIsOpened(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	fewer := before
	fewer.Cur = 500
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &fewer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	})
	options := small("http://127.0.0.1:1")
	options.Connections = 1000
	_, err := bench.Run(t.Context(), options)
	for _, want := range []string{"1000 connections need 1032 open files, and this process may open 500", "ulimit -n 1032", "--connections 468"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
