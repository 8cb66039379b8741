// Package instrument builds the server with a disk that can lose its power and a clock that can step, and makes the
// folder that a loss of power leaves.
//
// [Build] compiles the sources as they are, with two packages of Go's library replaced by go build -overlay: os writes
// each operation on files of one folder to a trace, and time adds an offset to the clock of the day. Nothing needs a
// privilege, and other systems than the tests' are not touched.
//
// A [Disk] plays the trace up to any byte, and writes the folder as a loss of power at that moment could have left it.
// The model:
//
//   - What was written to a file and not synced by fsync or O_SYNC is lost: all of it, or each write by chance, the
//     last one torn between two sectors.
//   - Names (created, renamed, removed) are durable in their order: a completed sync of any file or folder makes all
//     earlier ones durable, as the journals of ext4 and XFS do. Later ones are lost, or survive by chance up to one
//     of them.
//   - A file whose name survived and whose bytes did not is shorter, or empty. Holes are zeros.
//
// It does not model bytes that were synced and rot, nor a disk that lies about syncs.
package instrument
