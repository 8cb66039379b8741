//go:build race

package router_test

const raceDetector = true // its shadow memory counts as the process's own
