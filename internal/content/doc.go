// Package content tells pages that the content they show has changed.
//
// A piece of content has a tag, such as order.42. A page watches it by subscribing to the topic
// tidings.content.<tag>, so the contract of that topic decides which pages may. A backend reports a change
// over HTTP, by [Component.Changed], or by publishing to tidings.changed. Each tag that is watched gets one
// event.
//
// The package never sends a page the tags of others, sends nothing for a tag without watchers, and keeps
// neither content nor history: it does not know what an order is.
package content
