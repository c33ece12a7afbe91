package session

// setManual turns on or off that every wait lasts until a person ends it.
func (s *Session) setManual(manual bool) *Answer {
	s.manual = manual
	if s.state == waiting {
		return s.wait()
	}
	return s.nothing()
}

// waitsForPerson reports whether the wait ends only when a person says so. A wait for
// the limit that another request met ends by itself.
func (s *Session) waitsForPerson() bool {
	return s.manual && s.state == waiting && s.waitingFor != forCooldown
}

func (s *Session) obstacleName() WaitingFor {
	if s.waitsForPerson() {
		return WaitingForPerson
	}
	return obstacleNames[s.waitingFor]
}
