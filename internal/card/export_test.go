package card

import "time"

// SetWall replaces the wall clock.
func SetWall(s *Service, wall func() time.Time) { s.wall = wall }
