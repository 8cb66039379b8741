//go:build race

package meta_test

const raceDetector = true // the race detector allocates as well
