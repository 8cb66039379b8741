//go:build race

package wamp_test

const raceDetector = true // it allocates, too
