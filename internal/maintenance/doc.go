// Package maintenance keeps whether the site is in maintenance, and sees that every page knows.
//
// The state is stored, so it survives a restart, and watched, so that all nodes have the same. It
// is published to tidings.maintenance on every change, and sent to each session that subscribes
// there: a page opened or reconnected during maintenance knows it at once.
//
// The package never ends a session or refuses a request: pages disable themselves, and whoever
// operates the site (by user id or by role) goes on.
package maintenance
