//go:build !race

package wamp_test

const raceDetector = false
