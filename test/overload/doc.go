// Package overload asks what happens to those who want little while others want too much: ten times the load that a node
// can take, clients that are slow on purpose, thousands of idle connections, a full disk, and a stop while people write.
//
// It runs the real binary and speaks HTTP to it over plain connections of its own, all on loopback. Figures are printed,
// structure is asserted: who is turned away hears 503 and Retry-After, checks and blocks never are, nothing that was
// answered is lost. Capacity is measured in the same run, so a slow machine changes the figures and not the outcome.
//
//	go test -v ./test/overload       the short form, about a minute
//	make overload                    the long form (KV_LONG=1): a minute of overload, 10,000 connections, 200 stops
package overload
