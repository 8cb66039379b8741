package systemd

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Reloading returns the state of a service that begins to reload, for Type=notify-reload.
func Reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return "RELOADING=1"
	}
	return "RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(time.Duration(now.Nano()).Microseconds(), 10)
}
