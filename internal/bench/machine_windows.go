package bench

import (
	"fmt"
	"math"
	"syscall"
	"time"
)

// maxOpenFiles returns a number above any that can be asked for: Windows limits handles by memory only.
func maxOpenFiles() (int, error) { return math.MaxInt32, nil }

// cpuTime returns the CPU time that this process has used on all cores.
func cpuTime() (time.Duration, error) {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, fmt.Errorf("find this process: %w", err)
	}
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
		return 0, fmt.Errorf("read this process's CPU time: %w", err)
	}
	return span(kernel) + span(user), nil
}

// span converts a length of time, counted in units of 100 ns. [syscall.Filetime.Nanoseconds] is for dates.
func span(t syscall.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
