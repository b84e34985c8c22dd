package eid

import "time"

// QRContent is the pure function behind Transaction.QR.
var QRContent = qrContent

// SetNow gives the service a wall clock of the test's own.
func (s *Service) SetNow(now func() time.Time) { s.now = now }

// SetEvery makes Run turn faster.
func (s *Service) SetEvery(d time.Duration) { s.every = d }
