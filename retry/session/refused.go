package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
)

// refusals are the texts with which runtimes say that they will never send this
// request, or that its redirects lead nowhere. There is no retry, and the caller
// gets fetch's own error.
var refusals = [...]string{
	"unexpected redirect", "redirect count exceeded", "bad port", "unknown scheme", "integrity mismatch", // undici
	"und_err_not_supported", "und_err_invalid_arg", "und_err_req_content_length_mismatch",
	"too many redirects", "unsafe port", "unsafe_port", "unknown_url_scheme", "too_many_redirects", // Deno, Chromium
	"unexpectedredirect", "toomanyredirects", "redirected unexpectedly", // Bun
	"unsupported protocol", "url scheme", "scheme not supported", "invalid url", "failed to parse url",
	"invalid header", "invalid http header", "invalid method", "stopped after 10 redirects", // Go, and others
	"with body length", "no host in request", "invalid trailer", "nil request.", "http response to https client",
}

// refusedByFetch reports whether fetch refuses the request for good. If the runtime
// says only "Failed to fetch", the request itself shows it.
func (s *Session) refusedByFetch(e *classify.ErrorInfo) bool {
	if s.status != 0 {
		return false
	}
	for depth := 0; e != nil && depth < 5; e, depth = e.Cause, depth+1 {
		for _, text := range refusals {
			if ascii.IndexFold(e.Message, text) >= 0 || ascii.EqualFold(e.Code, text) {
				return true
			}
		}
	}
	return s.opaqueErrors && (ascii.EqualFold(s.redirect, "error") || blockedPort(s.url))
}

// blockedPorts are the ports that fetch refuses (WHATWG Fetch, "port blocking").
var blockedPorts = [...]uint16{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119,
	123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
	993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

// blockedPort reports whether a URL names a port that fetch refuses.
func blockedPort(url string) bool {
	origin := originOf(url)
	port, digits := 0, 0
	for i := len(origin) - 1; i >= 0 && origin[i] >= '0' && origin[i] <= '9'; i-- {
		digits++
	}
	if digits == 0 || digits > 5 || digits == len(origin) || origin[len(origin)-digits-1] != ':' {
		return false
	}
	for _, c := range origin[len(origin)-digits:] {
		port = port*10 + int(c-'0')
	}
	for _, blocked := range blockedPorts {
		if port == int(blocked) {
			return true
		}
	}
	return false
}
