// Package webtest tests pages as a person sees them: it asks the real handler,
// follows links, fills in forms that it finds in the page, and looks at words.
//
//	c := webtest.New(t, engine.Handler(routes))
//	c.SignIn("alva")                           // a session of webtest.World
//	page := c.Get("/o/" + id + "/cards")
//	page.Has("Amina Warsame")
//	page = page.Follow("Amina Warsame")
//	page = page.Form("/block").Set("reason", "lost").Submit("Blockera kortet")
//	page.Is(200).Has("Kortet är blockerat").Check()
//
// A form can only be sent with fields that it has, so a test that passes is one that a
// person could have done without script. Check asserts what is true of every page: one h1, a
// label for every field, no inline style or script, ids that are there once.
//
// Markup is read with encoding/xml in its lenient mode, which understands what templ writes.
package webtest
