package classify

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

// statuses gives the fact of each status; the first line that holds it counts.
var statuses = [...]struct {
	from, to uint16
	fact     fact
}{
	{401, 401, statusNoCredentials},
	{407, 407, statusNoCredentials}, // a proxy wants a password
	{561, 561, statusNoCredentials}, // an AWS load balancer's own
	{402, 402, statusPayment},
	{403, 403, statusForbidden},
	{404, 404, statusNotFound},
	{408, 408, statusTimeout},
	{504, 504, statusTimeout},
	{524, 524, statusTimeout}, // Cloudflare waited for the origin
	{598, 599, statusTimeout}, // some proxies' own
	{413, 413, statusTooLarge},
	{431, 431, statusTooLarge},
	{424, 425, statusUpstream}, // Bedrock's model failed; too early
	{499, 499, statusUpstream}, // a proxy's word for a request that was given up
	{429, 429, statusTooMany},
	{420, 420, statusTooMany}, // an old name of 429, "Enhance Your Calm"
	{501, 501, statusNotImplemented},
	{505, 505, statusNotImplemented},
	{511, 511, statusNotImplemented}, // a captive portal
	{521, 523, statusOriginDown},
	{526, 526, statusCertificate}, // Cloudflare does not accept the origin's certificate
	{529, 529, statusOverloaded},
	{498, 498, statusOverloaded}, // Groq's flex tier is full
	{500, 599, statusServer},
	{300, 499, statusRefused},
}

// structure gives the facts that need no words.
func (t *scan) structure(f *Failure) {
	if f.Event != nil {
		t.found[inEvent] = true
	} else if f.Body == "" && f.Status < 300 {
		t.found[fromClient] = true
		if f.Phase == PhaseConnect || f.Phase == PhaseMidstream {
			t.found[unanswered] = true
		}
	}
	if begins(f.Body, '<') {
		t.found[page] = true
	}
	for i := range statuses {
		if s := &statuses[i]; t.status >= int(s.from) && t.status <= int(s.to) {
			t.found[s.fact] = true
			return
		}
	}
}
