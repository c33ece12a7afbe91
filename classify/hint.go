package classify

import "github.com/steadfetch/steadfetch/internal/calendar"

// A hint is a wait that a server asks for, here in milliseconds, with -1 for
// none: what cannot be read counts as nothing, and so does a wait of more than
// a year.
const (
	aSecond = 1000
	aMinute = 60 * aSecond
	anHour  = 60 * aMinute
	aDay    = 24 * anHour
	longest = 366 * aDay

	// Numbers of seconds and of milliseconds from here on are points in time:
	// nobody is asked to wait for 30 years.
	epochSeconds = 1e9
	epochMillis  = 1e12

	// A date before this, 2026-01-01, is past, even if there is no clock to
	// compare it with.
	surelyPast = 1767225600 * aSecond
)

// headerHint reads what the headers ask for: retry-after-ms, retry-after
// (RFC 9110 §10.2.3), else the reset of every limit that is used up, which is
// one whose "remaining" header says 0 (Anthropic, OpenAI, the IETF's draft).
func headerHint(f *Failure) int64 {
	if len(f.Headers) == 0 {
		return -1
	}
	now := date(Header(f.Headers, "date"))
	if now < 0 {
		now = f.Now
	}
	if ms, rest := duration(Header(f.Headers, "retry-after-ms"), 1); ms >= 0 && ms <= longest && rest == "" {
		return ms
	}
	if ms := moment(Header(f.Headers, "retry-after"), now); ms >= 0 {
		return ms
	}
	wait := int64(-1)
	for _, h := range fields(f.Headers) {
		const remaining = "remaining"
		name := h.Name
		for i := 0; i < len(name); i++ {
			if foldPrefix(name[i:], remaining) && h.Value == "0" {
				wait = max(wait, moment(Header(f.Headers, name[:i]+"reset"+name[i+len(remaining):]), now))
			}
		}
	}
	return wait
}

// moment reads a wait that may be given as a number of seconds, a duration such
// as 1m12.3s, a Unix time or a date.
func moment(s string, now int64) int64 {
	ms, rest := duration(s, aSecond)
	at := int64(-1)
	switch {
	case ms < 0 || rest != "":
		at = date(s)
	case ms >= epochMillis*aSecond:
		at = ms / aSecond
	case ms >= epochSeconds*aSecond:
		at = ms
	case ms <= longest:
		return ms
	}
	switch {
	case at < 0:
		return -1
	case at <= max(now, surelyPast):
		return 0
	case now <= 0 || at-now > longest:
		return -1
	}
	return at - now
}

// duration reads "20", "1m12.3s", "644ms", "3 hours 41 minutes", rounded to the
// millisecond. A number without a unit counts in the unit given. It stops
// where no more of a duration follows and gives the rest.
func duration(s string, unit int64) (ms int64, rest string) {
	ms, rest = -1, s
	for {
		s = rest[skipSpace(rest, 0):]
		if ms >= 0 && foldPrefix(s, "and ") {
			s = s[4:]
		}
		i, n := 0, int64(0)
		for ; isDigit(at(s, i)); i++ {
			if n > 1e13 {
				return -1, s
			}
			n = n*10 + int64(s[i]-'0')
		}
		if i == 0 {
			return ms, rest
		}
		micro := int64(0)
		if at(s, i) == '.' && isDigit(at(s, i+1)) {
			i++
			for scale := int64(100000); isDigit(at(s, i)); i++ {
				micro += int64(s[i]-'0') * scale
				scale /= 10
			}
		}
		u := skipSpace(s, i)
		end := u
		for isLetter(at(s, end)) {
			end++
		}
		each := unitOf(s[u:end])
		switch {
		case each > 0:
			rest = s[end:]
		case ms >= 0:
			return ms, rest // another number, of something else
		case end > u && (u == i || listed("attempt attempts time times tries retries", s[u:end])):
			return -1, s
		default:
			rest = s[i:]
			return n*unit + (micro*unit+500000)/1000000, rest[skipSpace(rest, 0):]
		}
		if n > longest {
			return -1, s
		}
		ms = max(ms, 0) + n*each + (micro*each+500000)/1000000
	}
}

// unitOf is the length of a unit of time, 0 for any other word.
func unitOf(word string) int64 {
	names := "ms msec msecs millisecond milliseconds;s sec secs second seconds;m min mins minute minutes;h hr hrs hour hours;d day days"
	for _, length := range [...]int64{1, aSecond, aMinute, anHour, aDay} {
		var same string
		if same, names = cut(names, ';'); word != "" && listed(same, word) {
			return length
		}
	}
	return 0
}

// cues are the words before a wait, those of machines first: Google's
// RetryInfo, retry_after and resets_in_seconds, Hugging Face's estimated_time.
const cues = "retry delay;retry after ms;retry after seconds;retry after;resets in seconds;reset after seconds;" +
	"retry in;try again in;try again after;available in;resets in;reset in;reset after;wait;back off for;estimated time"

// filler are words that may stand between the two.
const filler = "in after for at least about approximately another"

// textHint reads what the texts ask for.
func (t *scan) textHint() int64 {
	for rest := cues; rest != ""; {
		var cue string
		cue, rest = cut(rest, ';')
		at, _ := t.find(cue)
		if at < 0 {
			continue
		}
		unit := int64(aSecond)
		if cue[len(cue)-2:] == "ms" {
			unit = 1
		}
		at = t.match(at, cue)
		text := string(t.flat[at:min(at+64, t.n)])
		for {
			text = text[skipSpace(text, 0):]
			word, more := cut(text, ' ')
			if !listed(filler, word) {
				break
			}
			text = more
		}
		if ms, _ := duration(text, unit); ms >= 0 && ms <= longest {
			return ms
		}
	}
	return -1
}

// date reads the three forms of RFC 9110 §5.6.7 (IMF-fixdate, RFC 850,
// asctime) and RFC 3339 in UTC, as milliseconds since the Unix epoch.
func date(s string) int64 {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	var n [8]int // the numbers, in order: at the end fractions, an offset of 0
	count, month, monthAt := 0, 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		start := i
		if isDigit(c) {
			if count == len(n) {
				return -1
			}
			for ; isDigit(at(s, i)) && n[count] < 1e6; i++ {
				n[count] = n[count]*10 + int(s[i]-'0')
			}
			count++
			i--
		} else if isLetter(c) {
			for isLetter(at(s, i+1)) {
				i++
			}
			for m := 0; m < 12 && month == 0; m++ {
				if foldPrefix(s[start:], months[m*3:m*3+3]) {
					month, monthAt = m+1, count
				}
			}
		}
	}
	var year, day, clock int
	switch {
	case month == 0 && (count == 6 || count > 6 && (n[count-1] == 0 || at(s, 19) == '.')):
		year, month, day, clock = n[0], n[1], n[2], 3
	case month == 0 || count != 5:
		return -1
	case monthAt == 0:
		day, clock, year = n[0], 1, n[4]
	default:
		day, year, clock = n[0], n[1], 2
	}
	if year < 70 {
		year += 2000
	} else if year < 100 {
		year += 1900
	}
	h, m, sec := n[clock], n[clock+1], n[clock+2]
	if year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || h > 23 || m > 59 || sec > 60 {
		return -1
	}
	return int64(calendar.Days(year, month, day))*aDay + int64((h*60+m)*60+sec)*aSecond
}
