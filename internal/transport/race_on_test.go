//go:build race

package transport_test

const raceDetector = true // the race detector allocates as well
