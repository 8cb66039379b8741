//go:build linux

package main

// small and large are the usual scales.
var (
	small = scale{subscribers: 40, publishers: 4, topics: 8, publications: 400, times: 2}
	large = scale{subscribers: 500, publishers: 8, topics: 20, publications: 1000, times: 5}
)

// faults returns all faults.
func faults() []fault {
	many := scale{subscribers: 10_000, publishers: 4, topics: 20, publications: 500, times: 1}
	crowd := scale{subscribers: 300, publishers: 4, topics: 20, publications: 500, times: 1}
	return []fault{
		{name: "none", short: small, long: large, play: calm},
		{name: "kill -9 in a storm", short: small, long: large, play: killed},
		{name: "kill -9 while the log is compacted", short: small, long: large, more: "log: {level: debug}", play: compacted},
		{name: "loss of power in a storm", short: small, long: large, play: powerLoss},
		{name: "loss of power, synced each second", short: small, long: large, more: "journal: {sync: 1s}", play: powerLoss, damages: true},
		{name: "stop and start with many clients", short: crowd, long: many, prepare: gateSubscribers, play: restarted},
		{name: "stop and start in a storm", short: small, long: large, play: stopped},
		{name: "connections are closed", short: small, long: large, play: cut(finish)},
		{name: "connections are reset", short: small, long: large, play: cut(reset)},
		{name: "half open network", short: small, long: large, prepare: heartbeats, play: silent},
		{name: "slow network", short: small, long: large, play: slow},
		{name: "readers that stop", short: small, long: scale{subscribers: 500, publishers: 8, topics: 20, publications: 200, times: 4}, limits: "outbox_bytes: 256KiB", prepare: stalls, play: stalled},
		{name: "a client that floods", short: small, long: large, play: flooded},
		{name: "full disk", short: small, long: large, prepare: smallDisk, play: fullDisk},
		{name: "clock steps", short: small, long: large, play: clockSteps},
		{
			name: "clients that reconnect again and again", short: scale{subscribers: 100, publishers: 4, topics: 8, publications: 400, times: 1},
			long: scale{subscribers: 1000, publishers: 8, topics: 20, publications: 250, times: 1}, prepare: churns, play: calm,
		},
		{name: "reload in a storm", short: small, long: large, play: reloaded},
		{name: "corrupt files", short: small, long: large, play: corrupted, damages: true},
	}
}
