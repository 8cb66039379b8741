// Package config turns a YAML file, the environment and --set options into a [Config]. It reports all mistakes at
// once, each with its position and a fix.
//
// The package knows keys, types, defaults and positions, but no feature: features describe their keys as a
// [Section]. It never opens a file or address that a value names, and never compiles a pattern or a rule. The users
// of such values do, and report mistakes at the right position by [Config.Problem]. A secret is never part of a
// message, an excerpt or a printed value.
//
// # Tags
//
// A section is a struct. The tags of its fields are the schema:
//
//	key       the name of the key
//	doc       its documentation
//	default   the value of an absent key, as the file would have it
//	required  an absent key is a mistake
//	one       the allowed values; + stands for the scopes of all features
//	check     the form of a text: address, stream, uri, webhook, name
//	min, max  the bounds of a number, size or duration
//	map       the list is a mapping in the file, and the named field takes its keys
//	single    one value may stand for a list
//	short     a single value may stand for the section; it is the value of the named key
//	reload    what a change of the value needs: restart, connections (it holds for new ones) or section (adding or
//	          removing the section needs a restart); without the tag it holds when the file is loaded again
package config
