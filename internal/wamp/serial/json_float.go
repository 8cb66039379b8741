package serial

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

const (
	// normalExponent is the least exponent of a number that is certainly a normal float.
	normalExponent = -307
	// leastExponent is that of the smallest float, 5e-324. Numbers with a smaller one are nearer to 0.
	leastExponent = -324
	// maxDigits is more than the digits of any number in the middle between two floats.
	maxDigits = 800
)

// ParseFloat is [strconv.ParseFloat] for the text of a JSON number. For numbers below the normal floats that takes a
// thousand times as long: 1 MiB of 5e-324 would take seconds.
func ParseFloat(text string) (float64, error) {
	exponent := exponentOf(text)
	if exponent >= normalExponent {
		return strconv.ParseFloat(text, 64)
	}
	if exponent < leastExponent {
		return math.Copysign(0, float64(1-2*strings.Count(text[:1], "-"))), nil
	}
	if bits := subnormalBits(text, exponent); bits < 1<<53 {
		return math.Copysign(math.Float64frombits(bits), float64(1-2*strings.Count(text[:1], "-"))), nil
	}
	return strconv.ParseFloat(text, 64)
}

// subnormalBits returns a number below 10^(exponent+1) as a multiple of the smallest float, rounded to the nearest and
// to an even one in the middle. Below 2^53 these are the bits of the float.
func subnormalBits(text string, exponent int) uint64 {
	mantissa, _ := splitNumber(text)
	before, after, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits := strings.TrimLeft(before+after, "0")
	if len(digits) > maxDigits { // of the digits behind these it only counts that they may not all be 0
		digits = digits[:maxDigits] + "1"
	}
	whole, _ := new(big.Int).SetString(digits, 10) // there are only digits
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(digits)-1-exponent)), nil)
	multiple, rest := new(big.Int).QuoRem(whole.Lsh(whole, 1074), scale, new(big.Int))
	bits := multiple.Uint64()
	if half := rest.Lsh(rest, 1).Cmp(scale); half > 0 || half == 0 && bits%2 == 1 {
		bits++
	}
	return bits
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
