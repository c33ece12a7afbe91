package main

// fixedWindow lets limit requests pass in each span of ms.
type fixedWindow struct {
	limit, used int
	span, since int64
	silent      bool // no Retry-After that the client can read
}

func (s *fixedWindow) arrive(now int64) (int, int64) {
	if now >= s.since+s.span {
		s.since = now - now%s.span
		s.used = 0
	}
	if s.used < s.limit {
		s.used++
		return 200, -1
	}
	return 429, wish(s.silent, s.since+s.span-now)
}

func (s *fixedWindow) done(int64) {}

// tokenBucket gives rate tokens a second and keeps burst of them.
type tokenBucket struct {
	rate, burst float64
	tokens      float64
	at          int64
	silent      bool
}

func (s *tokenBucket) arrive(now int64) (int, int64) {
	s.tokens = min(s.burst, s.tokens+float64(now-s.at)*s.rate/1000)
	s.at = now
	if s.tokens >= 1 {
		s.tokens--
		return 200, -1
	}
	return 429, wish(s.silent, int64((1-s.tokens)*1000/s.rate)+1)
}

func (s *tokenBucket) done(int64) {}

// concurrency answers limit requests at a time.
type concurrency struct {
	limit, busy int
	silent      bool
}

func (s *concurrency) arrive(int64) (int, int64) {
	if s.busy < s.limit {
		s.busy++
		return 200, -1
	}
	return 429, wish(s.silent, 1000)
}

func (s *concurrency) done(int64) { s.busy-- }

// down is a provider that has a fault until some time.
type down struct {
	until  int64
	silent bool
}

func (s *down) arrive(now int64) (int, int64) {
	if now < s.until {
		return 503, wish(s.silent, 2000)
	}
	return 200, -1
}

func (s *down) done(int64) {}

// wish is a Retry-After for ms: whole seconds, as the header mostly is.
func wish(silent bool, ms int64) int64 {
	if silent {
		return -1
	}
	return (ms + 999) / 1000 * 1000
}
