// Package shed lets in as much work as the machine can do at once, and turns the rest away at once and politely.
//
// A node has rooms. Each has so many places, and a short queue in front of it:
//
//	leave, err := rooms.Enter(ctx, shed.Page)
//	if err != nil { … 503, Retry-After … }   // *Full
//	defer leave()
//
// Who asks for one thing doesn't take the place of who asks for another: readers that check cards and people who block
// one have rooms of their own, so they are answered however many others load pages. What a request does with the
// database is bounded by the same rooms: those who come in by a reserved room (Room.Reserved) use connections that the
// others don't get (db.Reserve).
//
// # Who is turned away
//
// A request that would have to wait longer than its room's patience isn't let into the queue. How long it would wait is
// the number of those before it times the mean time that work in this room has taken lately, divided by the places. So a
// refusal costs microseconds and the queue never holds work whose caller has given up. The queue is first in, first out:
// since it is short by construction, taking the newest first would only make some wait for nothing.
//
// A place covers work, not waiting for the caller's line: the page engine reads a form before it asks for a place, and
// gives it back before it writes the answer (package web). A slow client holds no place.
//
// # Sizes
//
// Defaults follow GOMAXPROCS, since what all rooms compete for is the processor: for pages enough places to keep the
// processors busy while some wait for the database, for uploads (pictures are decoded) half as many as there are
// processors. A deployment may set places by room; queue and patience follow.
//
// Everything here is in memory, per node, and forgotten at a restart.
package shed
