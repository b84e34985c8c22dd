package card

import (
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/clock"
)

// SetWall replaces the wall clock.
func SetWall(s *Service, wall func() time.Time) { s.wall = wall }

// SearchSQL is the statement of a page.
func (s *Service) SearchSQL(company uuid.UUID, q Query, today clock.Date) (string, []any, error) {
	b, err := s.build(company, q, today)
	if err != nil {
		return "", nil, err
	}
	return b.sql(cursor{}, false, 26), b.args, nil
}
