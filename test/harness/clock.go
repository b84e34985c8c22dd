package harness

// Forward moves business time on, as the clock of the world does.
func (s *Sandbox) Forward(d string) {
	s.T.Helper()
	s.Call("POST", s.World.Clock+"?forward="+d, nil, nil)
}
