package account

import "time"

// SetWall lets a test decide the wall time.
func SetWall(s *Service, wall func() time.Time) { s.wall = wall }
