// Package routing reads the routing files and services files of an OroPlatform application, and writes contracts for
// the application's own topics. A contract admits the topics that its route matches, and no others. What a contract
// cannot say is a problem with a position and a fix, and never approximated.
//
//	files.go node.go imports.go     YAML files with bounds, and the files that they import
//	routes.go route.go              the grammar of routing files
//	services.go arguments.go        definitions of services
//	handlers.go class.go            which service handles the topics of a route, and what its class does, as rules
//	channel.go                      a channel as texts and parameters
//	pattern.go component.go         the same as the pattern of a contract
//	requirement.go bytes.go         expressions of PCRE that mean the same here
//	order.go                        the first route that matches wins there, the most specific contract here
//	builtin.go                      the routes that the server has without being told
//	write.go                        the contracts as YAML
//
// The package opens files through [Files] only and starts nothing. It knows no server.
package routing
