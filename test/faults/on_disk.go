//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidings-io/tidings/test/faults/instrument"
)

// powerLoss lets the machine lose its power in the middle of a storm: nothing survives that was not synced, or some of
// it by chance.
func powerLoss(ctx context.Context, s *scene) error {
	program, err := s.programs.instrumented()
	if err != nil {
		return err
	}
	s.server.kill()
	plain := s.server.program
	for i := range s.times {
		disk, err := instrument.Load(s.server.data)
		if err != nil {
			return err
		}
		trace := fmt.Sprintf("%s/trace-%d", s.server.dir, i)
		s.server.program, s.server.env = program, []string{"FAULTS_FOLDER=" + s.server.data, "FAULTS_TRACE=" + trace}
		if err := s.server.start(ctx); err != nil {
			return err
		}
		if err := s.storm(ctx, 0.4); err != nil {
			return err
		}
		s.server.kill()
		var chance *rand.Rand
		if i%2 == 1 {
			chance = rand.New(rand.NewPCG(uint64(i), 0))
		}
		if err := crash(disk, trace, s.server.data, chance); err != nil {
			return err
		}
		s.server.program, s.server.env = plain, nil
		if err := s.server.start(ctx); err != nil {
			return err
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
		if i < s.times-1 {
			s.server.kill()
		}
	}
	return nil
}

// crash replaces a folder by what a loss of power has left of it.
func crash(disk *instrument.Disk, trace, folder string, chance *rand.Rand) error {
	happened, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	if err := disk.Play(happened); err != nil {
		return fmt.Errorf("play the trace: %w", err)
	}
	if disk.Syncs == 0 {
		return errors.New("the server has synced nothing: the model does not see its files")
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return disk.Crash(folder, chance)
}

// corrupted flips bytes in the middle of a file of what is kept, while the server is not running.
func corrupted(ctx context.Context, s *scene) error {
	for i := range s.times {
		if err := s.storm(ctx, 1); err != nil {
			return err
		}
		if err := s.quiet(ctx); err != nil {
			return err
		}
		s.server.kill()
		s.log.Damage()
		damaged, err := damage(s.server.data, i%2 == 0)
		if err != nil {
			return err
		}
		if err := s.server.start(ctx); err != nil {
			if !strings.Contains(err.Error(), "--repair") {
				return fmt.Errorf("%s is damaged, and the server does not say what to do: %w", damaged, err)
			}
			if err := s.server.start(ctx, "--repair"); err != nil {
				return fmt.Errorf("%s is damaged: %w", damaged, err)
			}
		}
		if err := s.recovering(ctx); err != nil {
			return err
		}
	}
	return nil
}

// damage changes the largest file of messages: bytes in its middle, or its end is gone.
func damage(folder string, flip bool) (string, error) {
	largest, size := "", int64(0)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".blk" {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	})
	if err != nil || largest == "" {
		return "", errors.Join(err, fmt.Errorf("%s has no file of messages", folder))
	}
	if !flip {
		return largest, os.Truncate(largest, size/2)
	}
	text, err := os.ReadFile(largest)
	if err != nil {
		return "", err
	}
	for i := range 64 {
		text[len(text)/2+i] ^= 0x5a
	}
	return largest, os.WriteFile(largest, text, 0o600)
}
