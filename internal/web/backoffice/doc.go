// Package backoffice is the face of the scheme's own people: the queue of photos to
// review, the batches at the bureau and what went wrong there, companies and the
// people who order for them, the scheme's staff, jobs that gave up, and what has
// happened lately.
//
// Who sees what is the route's right: a queue that a role may not work is neither
// in the rail nor at its address. Every page works without script; the keys of the
// review queue are an addition that can be switched off.
package backoffice
