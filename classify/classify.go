package classify

// Classify judges a failure.
func Classify(f Failure) Verdict {
	provider := ProviderOf(f.URL, f.Provider)
	switch {
	case f.Canceled:
		return NewVerdict(Canceled, provider)
	case f.Timer == TimerFirstByte:
		return NewVerdict(Timeout, provider)
	case f.Timer != "":
		return NewVerdict(Silence, provider)
	}
	v := Verdict{Kind: Unknown, Provider: provider, Status: f.Status, Rule: "unknown", Retryable: f.UnknownRetryable}
	switch s := f.Status; {
	case s == 529:
		v.Kind = Overloaded
	case s == 429:
		v.Kind = RateLimit
	case s == 408 || s == 504 || s == 524:
		v.Kind = Timeout
	case StatusCodeRetryable(s):
		v.Kind = Server
	case s == 401:
		v.Kind = Auth
	case s == 403:
		v.Kind = Permission
	case s >= 400 && s < 500:
		v.Kind = InvalidRequest
	case s == 0 || s == 200:
		v.Kind, v.Retryable = Network, true
	}
	if v.Kind != Unknown && v.Kind != Network {
		v.Rule, v.Retryable = "status", StatusCodeRetryable(f.Status)
	}
	setText(&v)
	return v
}

// StatusCodeRetryable says whether an HTTP status alone, with nothing known of
// the body, is worth another try: 408, 425, 429, 499, 500, 502, 503, 504,
// 520 to 524, 529, 530 and 598. A 409 is judged by its text, so not here.
func StatusCodeRetryable(code int) bool {
	switch code {
	case 408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530, 598:
		return true
	}
	return false
}
