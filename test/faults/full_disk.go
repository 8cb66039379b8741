//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// smallDisk gives the data folder a file system of its own: a tmpfs that only the server sees. It needs root, or a
// system that permits user name spaces.
func smallDisk(ctx context.Context, s *scene) error {
	s.server.room = "64m"
	attributes := new(syscall.SysProcAttr)
	line := s.server.mounted([]string{"/bin/true"}, attributes)
	probe := exec.CommandContext(ctx, line[0], line[1:]...)
	probe.SysProcAttr = attributes
	if output, err := probe.CombinedOutput(); err != nil {
		return unavailable(fmt.Sprintf("full disk: no small file system can be mounted here: %v %s", err, output))
	}
	return nil
}

// mounted returns the command that mounts the file system and becomes the server. It has a name space of its own, which
// ends with it. Without root, a user name space allows that, where the system permits one.
func (s *server) mounted(line []string, attributes *syscall.SysProcAttr) []string {
	attributes.Cloneflags = syscall.CLONE_NEWNS
	if os.Getuid() != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	const script = `mount -t tmpfs -o size="$0",mode=700 tmpfs "$1" && shift && exec "$@"`
	return append([]string{"/bin/sh", "-c", script, s.room, s.data}, line...)
}

// inside returns the path by which other processes see a file of the server's file system.
func (s *server) inside(name string) string {
	return fmt.Sprintf("/proc/%d/root%s/%s", s.command.Process.Pid, s.data, name)
}

// fill writes until the disk is full.
func (s *server) fill() error {
	filler, err := os.Create(s.inside("filler"))
	if err != nil {
		return err
	}
	defer filler.Close()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err := filler.Write(piece); errors.Is(err, syscall.ENOSPC) {
			piece = piece[:len(piece)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// fullDisk fills the disk in the middle of a storm, until publications are refused, and makes room again.
func fullDisk(ctx context.Context, s *scene) error {
	for range s.times {
		if err := s.storm(ctx, 0.3); err != nil {
			return err
		}
		refused := s.refused.Load()
		if err := s.server.fill(); err != nil {
			return err
		}
		for _, p := range s.publishers {
			p.more(s.publications)
		}
		err := await(ctx, func() (bool, error) { return s.refused.Load() > refused, nil })
		if err != nil {
			return fmt.Errorf("wait until a publication is refused, because the disk is full: %w", err)
		}
		if err := os.Remove(s.server.inside("filler")); err != nil {
			return err
		}
		if err := s.quiet(ctx); err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}
