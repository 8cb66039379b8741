//go:build race

package wamp_test

const raceDetector = true // the race detector allocates as well
