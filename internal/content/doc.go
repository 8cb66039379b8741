// Package content tells the pages that show a piece of content that it has changed.
//
// A piece of content has a tag, such as order.42. To watch it is to subscribe to the topic
// tidings.content.<tag>, so who may watch is decided where it is for every topic. A backend says
// what changed, by [Component.Changed] or by publishing to tidings.changed; each watched tag gets
// one event.
//
// The package never sends anybody the tags of others, does nothing for a tag that nobody watches,
// and keeps no content and no history: it does not know what an order is.
package content
