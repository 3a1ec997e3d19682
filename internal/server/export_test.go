package server

// Fill lets the server seem to have taken on calls and bytes of bodies, up to less than it may.
func (s *Server) Fill(callsLeft, bytesLeft int64) {
	s.load.calls.Store(maxUnderWay - callsLeft)
	s.load.bodies.Store(maxBodies - bytesLeft)
}

// Held returns what the server has taken on beyond what Fill made it seem.
func (s *Server) Held(callsLeft, bytesLeft int64) (calls, bytes int64) {
	return s.load.calls.Load() - (maxUnderWay - callsLeft), s.load.bodies.Load() - (maxBodies - bytesLeft)
}
