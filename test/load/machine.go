package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/scenario"
	"github.com/tidings-io/tidings/test/load/servers"
)

// describe returns the machine and the versions of the servers.
func describe(ctx context.Context, programs *servers.Programs, scenarios []scenario.Scenario) (report.Machine, error) {
	m := report.Machine{
		CPU: processor(), Cores: runtime.NumCPU(), Go: runtime.Version(),
		Date: time.Now().UTC().Format(time.DateOnly), Servers: make(map[string]string),
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		return m, fmt.Errorf("ask for the kernel: %w", err)
	}
	m.Kernel = unix.ByteSliceToString(system.Sysname[:]) + " " + unix.ByteSliceToString(system.Release[:])
	for _, s := range scenarios {
		for _, v := range s.Variants {
			version, err := programs.Version(ctx, v.Server.Program)
			if err != nil {
				return m, err
			}
			m.Servers[v.Name] = version
		}
	}
	return m, nil
}

// processor returns the kernel's name of the CPU.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "model name"); found {
			return strings.TrimLeft(name, "\t :")
		}
	}
	return runtime.GOARCH
}
