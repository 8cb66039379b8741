package serial

import (
	"math"
	"strconv"
	"strings"
)

const (
	// normalExponent is the least exponent of a number that is certainly a normal float.
	normalExponent = -307
	// leastExponent is far below that of the smallest float, 5e-324.
	leastExponent = -400
	// subnormalScale makes a number between these two a normal float.
	subnormalScale = 290
	// leastNormal is a little above the least normal float.
	leastNormal = 2.3e-308
)

// ParseFloat is [strconv.ParseFloat] for the text of a JSON number, but for numbers below the normal floats, for which
// that takes a thousand times as long: 1 MiB of 5e-324 would take seconds. The last bit of such a number may differ.
func ParseFloat(text string) (float64, error) {
	exponent := exponentOf(text)
	if exponent >= normalExponent {
		return strconv.ParseFloat(text, 64)
	}
	if exponent < leastExponent {
		return math.Copysign(0, float64(1-2*strings.Count(text[:1], "-"))), nil
	}
	mantissa, power := splitNumber(text)
	n, _ := strconv.Atoi(power)
	scaled, err := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(n+subnormalScale), 64)
	if v := scaled * 1e-290; err != nil || math.Abs(v) < leastNormal {
		return v, err
	}
	return strconv.ParseFloat(text, 64)
}

// splitNumber splits a JSON number at its exponent, which is "" if the number has none.
func splitNumber(text string) (mantissa, power string) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// exponentOf returns the exponent of a JSON number that is written with one digit before the point, or 0 for zero.
func exponentOf(text string) int {
	mantissa, power := splitNumber(text)
	first := strings.IndexAny(mantissa, "123456789")
	if first < 0 {
		return 0
	}
	exponent := strings.IndexByte(mantissa, '.') - first
	switch {
	case exponent < -first: // there is no point
		exponent = len(mantissa) - first - 1
	case exponent > 0:
		exponent--
	}
	if power == "" {
		return exponent
	}
	n, err := strconv.Atoi(power)
	if err != nil { // more digits than an int has
		n = math.MaxInt32
		if power[0] == '-' {
			n = math.MinInt32
		}
	}
	return exponent + n
}
