// Package harness runs the real binary for the tests under test, and walks
// through it from outside as a program would that knows only dev.json and the
// documented routes.
//
//	s := harness.Start(t, "sqlite")            // kortverk dev: product and world in one process
//	s, link := harness.Production(t, "postgres") // kortverk serve on an empty database, kortverk world beside it
//	alva := s.SignIn("alva")                   // a person of the cast, with a browser without a screen
//	_, line := alva.Order("jonas")
//
// A Sandbox can be stopped, killed and started again. Whatever a test leaves
// in the database is read by `kortverk audit` at its end.
package harness
