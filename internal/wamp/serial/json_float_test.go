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
	} {
		want, _ := strconv.ParseFloat(text, 64)
		got, err := serial.ParseFloat(text)
		if err != nil || math.Abs(got-want) > math.SmallestNonzeroFloat64 || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("%s: got %g, %v; want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"1e309", "-1e400", "1e999999", "1e99999999999999999999", "1" + strings.Repeat("0", 400)} {
		if _, err := serial.ParseFloat(text); err == nil {
			t.Errorf("%s is a float", text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%d.%de%d", rapid.IntRange(-999, 999).Draw(t, "whole"), rapid.IntRange(0, 1<<40).Draw(t, "fraction"), rapid.IntRange(-340, 300).Draw(t, "exponent"))
		want, _ := strconv.ParseFloat(text, 64)
		got, err := serial.ParseFloat(text)
		normal := math.Abs(want) >= 2.3e-308
		if err != nil || normal && got != want || math.Abs(got-want) > math.SmallestNonzeroFloat64 {
			t.Fatalf("%s: got %g, %v; want %g", text, got, err, want)
		}
	})
}
