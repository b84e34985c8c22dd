// Package web is the page engine: it turns handlers that return an error into safe
// pages.
//
// A face (orderportal, cardportal, backoffice, site) hands over a table of [Route]s.
// Each names its pattern, the [Right] it needs and its [Handler]. The engine, before a
// handler runs, has decided the right, found session, company and language, limited
// the body and set the headers; after it, has turned the error into a page in the
// visitor's language. A handler gets a [Visit] and answers with Render, Redirect or an
// error; it never writes a status by itself.
//
// # Rights
//
// [Right.Allows] alone decides, so that a test can walk the table: every route, every
// role, every foreign company. The zero Right lets nobody in, so a forgotten one is found
// at start. A company's page that one may not see looks exactly like one that is not there.
//
// # Cookies
//
// All are __Host- (Secure, Path=/, no Domain); browsers accept that on localhost too.
//
//	__Host-sid      the session; HttpOnly, SameSite=Lax, because people arrive from mails and from the eID app
//	__Host-browser  32 random bytes that bind an eID transaction to the browser that started it
//	__Host-flash    the message for the next page
//	__Host-lang, __Host-theme  language and colours
//
// Requests that change anything are POST and must come from the same origin
// (http.CrossOriginProtection); a GET never changes anything.
//
// # Errors
//
// fault.Error's kind becomes the status, its code the sentence. A missing session leads a GET to
// /signin and back; a POST gets a page that keeps what was typed. Everything unexpected is
// a case number on the page and the cause in the log. The log has routes' patterns, never addresses.
package web
