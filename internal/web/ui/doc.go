// Package ui is the component library: what every page is made of.
//
// Components are templ functions. They take one small struct or a few strings,
// never a type of a capability, so that they know nothing of orders or cards.
// What belongs to the request rather than to the page (language, flash messages,
// who is signed in, the sandbox banner) travels in the context as a [Frame]; the
// engine puts it there, components and pages read it with [T] and [Texts].
//
// A page is one of the layouts (PublicPage, PortalPage, TaskPage, WizardPage,
// OfficePage, SitePage) with components inside. All components work without
// script; the data-kv-* attributes that some of them carry make the same thing
// quicker where the script runs.
//
// Class names stand whole in .templ files, because the style sheet is built from
// what is found there (tools/css/build.sh). Inline style and script do not work:
// the content policy forbids them.
package ui
