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
	{401, 401, is401},
	{407, 407, is401}, // a proxy wants a password
	{561, 561, is401}, // an AWS load balancer's own
	{402, 402, is402},
	{403, 403, is403},
	{404, 404, is404},
	{408, 408, is408},
	{504, 504, is408},
	{524, 524, is408}, // Cloudflare waited for the origin
	{598, 599, is408}, // some proxies' own
	{413, 413, is413},
	{431, 431, is413},
	{424, 425, is424}, // Bedrock's model failed; too early
	{499, 499, is424}, // a proxy's word for a request that was given up
	{429, 429, is429},
	{420, 420, is429}, // an old name of 429, "Enhance Your Calm"
	{501, 501, is501},
	{505, 505, is501},
	{511, 511, is501}, // a captive portal
	{521, 523, is521},
	{526, 526, is526}, // Cloudflare does not accept the origin's certificate
	{529, 529, is529},
	{498, 498, is529}, // Groq's flex tier is full
	{500, 599, is5xx},
	{300, 499, is4xx},
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
