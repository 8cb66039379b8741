//go:build linux

package main

import (
	"errors"
	"fmt"
	"testing"
)

// tries bounds how often the CPU time of an attack is measured: other work on the machine only adds to it.
const tries = 3

// The short form of the program: what an attack costs is compared with its bound.
func TestNoAttackCostsMoreThanItsBound(t *testing.T) {
	program, err := build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	campaign := &campaign{program: program, times: 1}
	for _, what := range attacks() {
		for _, w := range what.overWays() {
			t.Run(fmt.Sprintf("%s/%v", what.name, w), func(t *testing.T) {
				var r result
				for range tries {
					var err error
					if r, err = campaign.run(t.Context(), what, w); err != nil {
						t.Fatal(err)
					}
					t.Log(r)
					if !errors.Is(r.failed, errSlow) {
						break
					}
				}
				if r.failed != nil {
					t.Error(r.failed)
				}
			})
		}
	}
}

func TestNoClientGetsBytesOfAnother(t *testing.T) {
	program, err := build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range allSockets {
		t.Run(kind.String(), func(t *testing.T) {
			const connections = 1500 // the program makes 100,000
			total, err := lookForForeignBytes(t.Context(), program, kind, connections)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(total)
			if total.events == 0 || total.reset == 0 || total.left == 0 {
				t.Errorf("too little happened: %v", total)
			}
		})
	}
}
