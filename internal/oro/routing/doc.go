// Package routing reads the routing files and services files of an OroPlatform application, and writes contracts for
// the application's own topics. A contract admits the topics that its route matches, and no others. What a contract
// cannot say is a problem with a position and a fix, and never approximated.
//
//	files.go        YAML files with bounds, and the files that they import
//	routes.go       the grammar of routing files
//	services.go     which class handles the topics of a route
//	class.go        what the classes of Oro do, as rules
//	channel.go      a channel as the patterns of contracts
//	requirement.go  regular expressions of PCRE that mean the same here
//	order.go        the first route that matches wins there, the most specific contract here
//	builtin.go      the routes that the server has without being told
//	write.go        the contracts as YAML
//
// The package opens files through [Files] only, starts nothing, and knows neither a server nor its configuration.
package routing
