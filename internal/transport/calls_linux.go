package transport

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reading and writing descriptors that are non-blocking, and asking epoll, takes a few microseconds and
// never waits, so that the scheduler does not have to be told. Telling it costs as much as some of our own
// work on an event, and far more when all was at rest: then it wakes its watchman (sysmon), a thread
// that looks for calls that do wait every 20 us.

// rawRead reads into p, which is not empty. 0 is the end.
func rawRead(fd int, p []byte) (int, error) {
	return rawSyscall(syscall.SYS_READ, fd, unsafe.Pointer(unsafe.SliceData(p)), len(p))
}

// rawWrite writes from p, which is not empty.
func rawWrite(fd int, p []byte) (int, error) {
	return rawSyscall(syscall.SYS_WRITE, fd, unsafe.Pointer(unsafe.SliceData(p)), len(p))
}

// rawEpollWait takes what an epoll has to tell.
func rawEpollWait(fd int, events []unix.EpollEvent) (int, error) {
	return rawSyscall(syscall.SYS_EPOLL_PWAIT, fd, unsafe.Pointer(unsafe.SliceData(events)), len(events))
}

// rawSyscall makes a call with a descriptor and room for so many things; what follows them is 0.
func rawSyscall(number uintptr, fd int, room unsafe.Pointer, size int) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(number, uintptr(fd), uintptr(room), uintptr(size), 0, 0, 0)
		switch {
		case errno == 0:
			return int(n), nil
		case errors.Is(errno, syscall.EINTR):
		default:
			return 0, errno
		}
	}
}
