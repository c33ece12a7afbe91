package session

// setManual makes every wait last until a person says so, or no longer.
func (s *Session) setManual(manual bool) *Answer {
	s.manual = manual
	if s.state == waiting {
		return s.wait()
	}
	return s.nothing()
}

// byHand reports whether a wait ends only when a person says so. What is held by
// another request's limit was not theirs to begin with.
func (s *Session) byHand() bool {
	return s.manual && s.state == waiting && s.waitingFor != forCooldown
}

func (s *Session) obstacleName() WaitingFor {
	if s.byHand() {
		return WaitingForPerson
	}
	return obstacleNames[s.waitingFor]
}
