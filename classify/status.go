package classify

// StatusCodeRetryable reports whether an HTTP status is worth another attempt if nothing
// else is known: 408, 425, 429, 499, 500, 502, 503, 504, 520 to 524, 529, 530 and 598.
// A 409 is not among them, since only its text shows whether it is.
func StatusCodeRetryable(code int) bool {
	switch code {
	case 408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530, 598:
		return true
	}
	return false
}

// statuses has the fact of each status; the first line with it counts.
var statuses = [...]struct {
	from, to uint16
	fact     fact
}{
	{from: 400, to: 400, fact: statusUnfit},
	{from: 422, to: 422, fact: statusUnfit},
	{from: 401, to: 401, fact: statusNoCredentials},
	{from: 561, to: 561, fact: statusNoCredentials}, // used by AWS load balancers
	{from: 407, to: 407, fact: statusProxyCredentials},
	{from: 402, to: 402, fact: statusPayment},
	{from: 403, to: 403, fact: statusForbidden},
	{from: 451, to: 451, fact: statusForbidden}, // unavailable for legal reasons, as in some countries
	{from: 404, to: 404, fact: statusNotFound},
	{from: 408, to: 408, fact: statusTimeout},
	{from: 504, to: 504, fact: statusTimeout},
	{from: 524, to: 524, fact: statusTimeout}, // Cloudflare waited for the origin
	{from: 598, to: 599, fact: statusTimeout}, // used by some proxies
	{from: 413, to: 413, fact: statusTooLarge},
	{from: 431, to: 431, fact: statusTooLarge},
	{from: 424, to: 425, fact: statusUpstream}, // Bedrock's model failed; too early
	{from: 499, to: 499, fact: statusUpstream}, // a proxy's status for a request that its client abandoned
	{from: 429, to: 429, fact: statusTooMany},
	{from: 420, to: 420, fact: statusTooMany}, // an old name of 429, "Enhance Your Calm"
	{from: 501, to: 501, fact: statusNotImplemented},
	{from: 505, to: 505, fact: statusNotImplemented},
	{from: 511, to: 511, fact: statusNotImplemented}, // a captive portal
	{from: 521, to: 523, fact: statusOriginDown},
	{from: 526, to: 526, fact: statusCertificate}, // Cloudflare does not accept the origin's certificate
	{from: 529, to: 529, fact: statusOverloaded},
	{from: 498, to: 498, fact: statusOverloaded}, // Groq's flex tier is full
	{from: 500, to: 599, fact: statusServer},
	{from: 300, to: 499, fact: statusRefused},
}

// structure finds the facts that need no text.
func (t *scan) structure(f *Failure) {
	if f.Event != nil {
		t.found[inEvent] = fully
	} else if f.Body == "" && f.Status < 300 {
		t.found[fromClient] = fully
		if f.Phase == PhaseConnect || f.Phase == PhaseMidstream {
			t.found[unanswered] = fully
		}
	}
	if begins(f.Body, '<') {
		t.found[htmlBody] = fully
	}
	for i := range statuses {
		if s := &statuses[i]; t.status >= int(s.from) && t.status <= int(s.to) {
			t.found[s.fact] = fully
			return
		}
	}
}
