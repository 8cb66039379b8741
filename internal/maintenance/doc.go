// Package maintenance keeps whether the site is in maintenance, and tells every page.
//
// The state is stored, so it survives a restart, and watched, so all nodes have the same. The component
// publishes it to tidings.maintenance on every change, and to each session that subscribes there: a page that
// is opened or reconnects during maintenance has the state at once.
//
// The package never ends a session or refuses a request. Pages disable themselves, except those of operators
// (by user id or by role).
package maintenance
