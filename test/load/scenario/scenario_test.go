package scenario_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/tidings-io/tidings/test/load/scenario"
	"github.com/tidings-io/tidings/test/load/servers"
)

// programs are built once for all tests.
var programs *servers.Programs

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if programs, err = servers.NewPrograms(""); err != nil {
		return 1, err
	}
	defer programs.Remove()
	for _, s := range scenario.All() {
		for _, v := range s.Variants {
			if err := programs.Build(context.Background(), v.Server.Program); err != nil {
				return 1, err
			}
		}
	}
	if err := servers.PinGenerator(); err != nil { // after all steps that need both cores
		return 1, err
	}
	return m.Run(), nil
}

// tiny is a scale at which the figures mean nothing.
var tiny = scenario.Scale{
	WarmUp: 10 * time.Millisecond, Measure: 40 * time.Millisecond, Settle: 15 * time.Millisecond,
	Resting: 5, Clients: 5, Rate: 500,
}

func TestEveryScenarioCanBePlayedWithEveryServer(t *testing.T) {
	for _, s := range scenario.All() {
		for _, v := range s.Variants {
			t.Run(s.Name+"/"+v.Name, func(t *testing.T) {
				figures, err := s.Run(t.Context(), programs, v, tiny)
				if err != nil {
					t.Fatal(err)
				}
				if len(figures) == 0 {
					t.Error("nothing was measured")
				}
				for name, value := range figures {
					if math.IsNaN(value) || math.IsInf(value, 0) {
						t.Errorf("%s is %g", name, value)
					}
				}
			})
		}
	}
}
