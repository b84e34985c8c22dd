// Package kill ends the product with SIGKILL, again and again, while people work with it, and proves afterwards that nothing
// that was answered is lost and nothing happened twice.
//
//	go test ./test/kill                  # 25 kills or more on each database, every fail point at least once
//	make soak                            # 500 kills on each database: KV_KILLS=500
//	KV_SEED=7 go test ./test/kill        # the random choices of an earlier run, which prints its seed
//
// The product is `kortverk serve` built with the tag failpoint; the world (eID, bureau, mail server) is a process of its own
// and survives. People are goroutines with a browser each, which go on after a broken connection as a person would: they look
// at the page again. Each writes to a synced file what it is going to do, what it was answered, and what it found when it
// looked ([Event]).
//
// The checker ([Case.Check]) shares no code with the product: it reads that file, the database's tables with database/sql, what the
// simulators say over HTTP, and ends.log, and computes the journal's tree itself. It is checked in turn: each fault that it
// has to find is planted into a copy of what a run left.
package kill
