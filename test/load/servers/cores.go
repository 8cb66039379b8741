package servers

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores are the two that are used: a server has the first to itself, so that it makes do with one thread
// that runs at a time, and the generator the second. Where there is only one they share it.
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

// They are found when the process starts, because pinning it narrows what it is allowed.
var atServer, atGenerator, errCores = cores()

// PinGenerator keeps this process on the generator's core: all of its threads, from which those to come
// inherit it.
func PinGenerator() error {
	if errCores != nil {
		return errCores
	}
	runtime.GOMAXPROCS(2) // the loop, and whatever shows progress
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

// onServerCore starts a process there. It has to be there from its first instruction, since a Go program
// looks at its cores when it starts and makes as many threads.
func onServerCore(start func() error) error {
	if errCores != nil {
		return errCores
	}
	runtime.LockOSThread() // a process inherits the cores of the thread that makes it
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
