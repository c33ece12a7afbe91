package classify

import (
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/calendar"
)

// A hint is the wait that a server asks for, in milliseconds, -1 for none. What cannot
// be read is no hint, and neither is a wait of more than a year.
const (
	aSecond = 1000
	aMinute = 60 * aSecond
	anHour  = 60 * aMinute
	aDay    = 24 * anHour
	longest = 366 * aDay

	// Larger numbers of seconds or milliseconds are points in time: no server asks
	// for a wait of 30 years.
	epochSeconds = 1e9
	epochMillis  = 1e12

	// Dates before this one, 2026-01-01, are in the past, even if there is no clock
	// to compare them with.
	surelyPast = 1767225600 * aSecond
)

// headerHint reads the wait from the headers: retry-after-ms, then retry-after (RFC 9110
// §10.2.3), then the reset of every limit that is used up, whose "remaining" header is
// 0 (Anthropic, OpenAI, the IETF's draft).
func headerHint(f *Failure) int64 {
	if len(f.Headers) == 0 {
		return -1
	}
	now := date(f.Headers.Get("date"))
	if now < 0 {
		now = f.Now
	}
	if ms, _, rest := duration(f.Headers.Get("retry-after-ms"), 1); ms >= 0 && ms <= longest && rest == "" {
		return ms
	}
	if ms := moment(f.Headers.Get("retry-after"), now); ms >= 0 {
		return ms
	}
	wait := int64(-1)
	for _, h := range fields(f.Headers) {
		const remaining = "remaining"
		name := h.Name
		for i := 0; i < len(name); i++ {
			if ascii.HasPrefixFold(name[i:], remaining) && h.Value == "0" {
				wait = max(wait, moment(f.Headers.Get(name[:i]+"reset"+name[i+len(remaining):]), now))
			}
		}
	}
	return wait
}

// moment reads a wait in the form of a number of seconds, a duration such as 1m12.3s, a
// Unix time or a date.
func moment(s string, now int64) int64 {
	ms, _, rest := duration(s, aSecond)
	at := int64(-1)
	switch {
	case ms < 0 || rest != "" && rest[0] != ',': // a proxy's own header is joined to the first one
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

// duration reads "20", "1m12.3s", "644ms", "3 hours 41 minutes" or "30秒", rounded to the
// millisecond. unit is the unit of a number that has none. It stops at the end of the
// duration, and returns the rest of s and whether there was a unit.
func duration(s string, unit int64) (ms int64, named bool, rest string) {
	ms, rest = -1, s
	for {
		s = rest[skipSpace(rest, 0):]
		if ms >= 0 && ascii.HasPrefixFold(s, "and ") {
			s = s[4:]
		}
		i, n := 0, int64(0)
		for ; isDigit(at(s, i)); i++ {
			if n > 1e13 {
				return -1, false, s
			}
			n = n*10 + int64(s[i]-'0')
		}
		if i == 0 {
			return ms, true, rest
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
		each, end := unitAt(s, u)
		switch {
		case each > 0:
			rest = s[end:]
		case ms >= 0:
			return ms, true, rest // another number, of something else
		case end > u && (u == i || ascii.ListedFold("attempt attempts time times tries retries requests calls errors", s[u:end])) || isDigit(at(s, u)):
			return -1, false, s
		default:
			rest = s[i:]
			return n*unit + (micro*unit+500000)/1000000, false, rest[skipSpace(rest, 0):]
		}
		if n > longest {
			return -1, false, s
		}
		ms = max(ms, 0) + n*each + (micro*each+500000)/1000000
	}
}

// units are the units of time and their names: in English, German, French, Spanish and
// Portuguese.
var units = [...]struct {
	ms    int64
	short string // as in texts of this package
	names string
	begin string // of names that other letters can follow: Chinese, Japanese, Korean, Russian
}{
	{ms: 1, short: "ms", names: "ms msec msecs millisecond milliseconds", begin: "毫秒"},
	{ms: aSecond, short: "s", names: "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos", begin: "秒 초 сек"},
	{ms: aMinute, short: "min", names: "m min mins minute minutes minuten minuto minutos", begin: "分 분 мин"},
	{ms: anHour, short: "h", names: "h hr hrs hour hours stunde stunden heure heures hora horas", begin: "小时 小時 時間 시간 час"},
	{ms: aDay, short: "d", names: "d day days tage tagen jour jours dia dias", begin: "天 日 일"},
}

// unitAt returns the length of the unit of time at s[i], 0 for any other word, and
// where the word ends.
func unitAt(s string, i int) (ms int64, end int) {
	end = i
	for isLetter(at(s, end)) {
		end++
	}
	for k := range units {
		u := &units[k]
		if end > i && ascii.ListedFold(u.names, s[i:end]) {
			return u.ms, end
		}
		for rest := u.begin; rest != "" && at(s, i) >= 0x80; {
			var begin string
			if begin, rest = ascii.CutByte(rest, ' '); ascii.HasPrefixFold(s[i:], begin) {
				return u.ms, i + len(begin)
			}
		}
	}
	return 0, end
}

// The words around a number show whether a server asks to wait that long. In the name
// of a member they are often joined: retry_after_ms, cooldownMs, resetsInSeconds.
const (
	// askWords mean a wait if one of joinWords is before the number.
	askWords = "retry resets reset back again try available estimated erneut nuevo novamente"
	// waitWords mean a wait by themselves.
	waitWords = "wait cooldown delay backoff warten dans attendez espere aguarde через подождите"
	joinWords = "after in time for of about approximately another one this request at least until remaining sie en em seconds secs sec ms milliseconds minutes"
	// afterWords make the duration before them a wait.
	afterWords = "wait remaining left cooldown delay before erneut wieder"
	afterParts = "后 後 후 钟后 钟後 間後 待 お待"
	// ownWords before it make it a wait of the client's own, or a part of a limit.
	ownWords = "max maximum min will next timeout limit waited last past within per every than initial after"
)

// cue is what the words before a number say about it.
type cue struct {
	unit   int64 // of the number, if nothing follows it
	ask    bool  // they ask for something, which is a wait if joined is set too
	wait   bool  // they mean a wait
	joined bool  // a number without a unit may follow
	retry  bool
	sure   bool // a machine wrote it: retry_after, retryDelay
}

// word adds a word, which may be several joined ones, and reports whether all of them
// are known.
func (a *cue) word(s string) bool {
	b := *a
	for s != "" {
		part := ""
		switch {
		case firstOf(waitWords, s, &part):
			b.wait = true
			b.sure = b.sure || part == "delay"
		case firstOf(askWords, s, &part):
			b.ask = true
			b.retry = b.retry || part == "retry"
		case firstOf(joinWords, s, &part):
			b.joined = true
			b.sure = b.sure || part == "after"
			if each, _ := unitAt(part, 0); each > 0 {
				b.unit = each
			}
		default:
			return false
		}
		s = s[len(part):]
	}
	*a = b
	return true
}

// cueBefore reads the words before a number at i, back to the first that is not part of
// the cue.
func (t *scan) cueBefore(i int) cue {
	a := cue{unit: aSecond}
	const zhWait = "等待" // at the end of a word: Chinese has no spaces
	for range 7 {
		end := i
		if end > 0 && t.flat[end-1] == ' ' {
			end--
		}
		i = t.wordStart(end)
		word := string(t.flat[i:end])
		a.wait = a.wait || len(word) >= len(zhWait) && word[len(word)-len(zhWait):] == zhWait
		if i == end || !a.word(word) {
			a.wait = (a.wait || a.ask && a.joined) && !ascii.ListedFold("max maximum min initial next", word) && !(a.retry && word == "will")
			break
		}
	}
	a.sure = a.sure && a.retry && a.wait
	return a
}

// wordStart returns where the word starts that ends at end.
func (t *scan) wordStart(end int) int {
	for end > 0 && !isMark(t.flat[end-1]) {
		end--
	}
	return end
}

// firstOf sets first to the longest of some words that s begins with, and reports
// whether there is one.
func firstOf(words, s string, first *string) bool {
	for words != "" {
		var w string
		if w, words = ascii.CutByte(words, ' '); len(w) > len(*first) && len(w) <= len(s) && s[:len(w)] == w {
			*first = w
		}
	}
	return *first != ""
}

// cueAfter reports whether the words after a duration, rest, make it a wait. The
// duration starts at i.
func (t *scan) cueAfter(i int, rest string) bool {
	end := max(i-1, 0)
	if ascii.ListedFold(ownWords, string(t.flat[t.wordStart(end):end])) {
		return false
	}
	rest = rest[skipSpace(rest, 0):]
	for end = 0; end < len(rest) && !isMark(rest[end]); end++ {
	}
	part := ""
	return ascii.ListedFold(afterWords, rest[:end]) || firstOf(afterParts, rest, &part)
}

// textHint reads the wait from the texts: the first that a machine wrote, else the
// first in a sentence.
func (t *scan) textHint() int64 {
	const enough = 256 // numbers: a text with more of them is a stack trace or a page
	wait := int64(-1)
	for i, numbers := 0, 0; i < t.n && numbers < enough; i++ {
		if i > 0 && (isWord(t.flat[i-1]) || t.flat[i-1] == '.' || t.flat[i-1] == '-') {
			continue
		}
		if !isDigit(t.flat[i]) {
			if each := t.single(i); each > 0 && wait < 0 && t.cueBefore(i).wait {
				wait = each
			}
			continue
		}
		numbers++
		a := t.cueBefore(i)
		if wait >= 0 && !a.sure {
			continue
		}
		ms, named, rest := duration(string(t.flat[i:min(i+64, t.n)]), a.unit)
		if ms < 0 || ms > longest || !named && !a.joined {
			continue
		}
		if a.wait || named && t.cueAfter(i, rest) {
			wait = ms
			t.cut = t.open && !named && i+64 >= t.n && t.wordStart(t.n-1) <= t.n-len(rest)
			if a.sure {
				break
			}
		}
	}
	return wait
}

// single returns the length of the unit of time at i if it stands for one: "in a minute",
// where the article is a filler, but not "retry_after_minute: 5".
func (t *scan) single(i int) int64 {
	each, name := int64(aMinute), "minute"
	if t.flat[i] == 'h' {
		each, name = anHour, "hour"
	}
	end := i + len(name)
	if end < t.n && string(t.flat[i:end]) == name && isMark(t.flat[end]) && (end+1 == t.n || !isDigit(t.flat[end+1])) {
		return each
	}
	return 0
}

// date reads the three forms of RFC 9110 §5.6.7 (IMF-fixdate, RFC 850,
// asctime) and RFC 3339 in UTC, as milliseconds since the Unix epoch.
func date(s string) int64 {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	var n [8]int // the numbers in their order; the last may be a fraction or an offset of 0
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
				if ascii.HasPrefixFold(s[start:], months[m*3:m*3+3]) {
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
