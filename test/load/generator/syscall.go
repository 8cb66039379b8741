package generator

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// transfer reads or writes without telling Go's scheduler. The sockets do not block, and telling it costs more than
// some of the calls.
func transfer(call uintptr, fd int, p []byte) (int, unix.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// uninterrupted repeats a blocking call while signals interrupt it; the Go runtime sends signals often.
func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
