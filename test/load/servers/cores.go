package servers

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores returns the two cores that are used: the server runs on the first, the generator on the second. On a machine
// with one core they share it.
func cores() (server, generator unix.CPUSet, err error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &allowed); err != nil {
		return server, generator, fmt.Errorf("ask for the cores: %w", err)
	}
	found := 0
	for core := 0; found < 2 && core < len(allowed)*64; core++ {
		if !allowed.IsSet(core) {
			continue
		}
		if found == 0 {
			server.Set(core)
		} else {
			generator.Set(core)
		}
		found++
	}
	if found < 2 {
		generator = server
	}
	return server, generator, nil
}

// They are found when the process starts, because pinning it narrows its set of cores.
var atServer, atGenerator, errCores = cores()

// PinGenerator keeps all threads of this process on the generator's core. New threads inherit it.
func PinGenerator() error {
	if errCores != nil {
		return errCores
	}
	runtime.GOMAXPROCS(2) // the loop, and the progress display
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list the threads: %w", err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return fmt.Errorf("list the threads: %w", err)
		}
		if err := unix.SchedSetaffinity(id, &atGenerator); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("pin a thread: %w", err)
		}
	}
	return nil
}

// onServerCore starts a process on the server's core. The process must be there from its first instruction, because a
// Go program counts its cores when it starts.
func onServerCore(start func() error) error {
	if errCores != nil {
		return errCores
	}
	runtime.LockOSThread() // a process inherits the cores of the thread that starts it
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("ask for the cores: %w", err)
	}
	if err := unix.SchedSetaffinity(0, &atServer); err != nil {
		return fmt.Errorf("pin a server: %w", err)
	}
	err := start()
	if again := unix.SchedSetaffinity(0, &before); again != nil {
		return errors.Join(err, fmt.Errorf("go back to the generator's core: %w", again))
	}
	return err
}
