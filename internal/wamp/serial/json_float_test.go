package serial_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

func TestAFloatIsReadAsTheStandardLibraryReadsIt(t *testing.T) {
	for _, text := range []string{
		"0.0", "-0.0", "0e-999999", "-0e5", "1e-999999", "-1e-999999", "1e-99999999999999999999", "5e-324", "-5e-324", "2e-324", "4.9e-324",
		"1e-307", "9.999e-308", "2.2250738585072014e-308", "0." + strings.Repeat("0", 310) + "1", "0." + strings.Repeat("0", 500) + "1",
		"0." + strings.Repeat("0", 500) + "1e500", "1" + strings.Repeat("0", 400) + "e-720", "1" + strings.Repeat("0", 400) + "e-400",
		"1.7976931348623157e308", "123.456", "1E5", "1e+5", "0.001e-305",
		"1.112588907789172e-308", "2.4703282292062327e-324", "2.4703282292062328e-324", "7.4109846876186982e-324", "2.2250738585072011e-308",
	} {
		want, _ := strconv.ParseFloat(text, 64)
		got, err := serial.ParseFloat(text)
		if err != nil || got != want || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("%s: got %g, %v; want %g", text, got, err, want)
		}
	}
	if got, err := serial.ParseFloat("1" + strings.Repeat("0", 1000) + "1e-1324"); err != nil || got != 1e-323 { // here strconv says 0
		t.Errorf("got %g, %v; want 1e-323", got, err)
	}
	for _, text := range []string{"1e309", "-1e400", "1e999999", "1e99999999999999999999", "1" + strings.Repeat("0", 400)} {
		if _, err := serial.ParseFloat(text); err == nil {
			t.Errorf("%s is a float", text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%d.%de%d", rapid.IntRange(-999, 999).Draw(t, "whole"), rapid.IntRange(0, 1<<40).Draw(t, "fraction"), rapid.IntRange(-330, 300).Draw(t, "exponent"))
		want, _ := strconv.ParseFloat(text, 64)
		got, err := serial.ParseFloat(text)
		if err != nil || got != want {
			t.Fatalf("%s: got %g, %v; want %g", text, got, err, want)
		}
	})
}
