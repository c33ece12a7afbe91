package wire

import "github.com/steadfetch/steadfetch/internal/calendar"

// form is how times are written, as JavaScript's toISOString does: RFC 3339 in
// UTC with milliseconds.
const form = "0000-00-00T00:00:00.000Z"

// time appends a time in quotes.
func (w *Writer) time(ms int64) {
	ms = min(max(ms, 0), 253402300799999) // the years 1970 to 9999
	y, m, d := calendar.Date(int(ms / calendar.DayMs))
	rest := int(ms % calendar.DayMs)
	w.put(`"`)
	w.digits(y, 1000, "-")
	w.digits(m, 10, "-")
	w.digits(d, 10, "T")
	w.digits(rest/3_600_000, 10, ":")
	w.digits(rest/60_000%60, 10, ":")
	w.digits(rest/1000%60, 10, ".")
	w.digits(rest%1000, 100, `Z"`)
}

// digits appends the decimal digits of n, from the place value unit down, and then suffix.
func (w *Writer) digits(n, unit int, suffix string) {
	for ; unit > 0; unit /= 10 {
		w.Text = append(w.Text, byte('0'+n/unit%10))
	}
	w.put(suffix)
}

// readTime reads what time writes, without the quotes.
func readTime(s string) (ms int64, ok bool) {
	if len(s) != len(form) {
		return 0, false
	}
	var fields [7]int // year, month, day, hour, minute, second, millisecond
	at := 0
	for i := 0; i < len(form); i++ {
		c := s[i]
		if form[i] != '0' {
			if c != form[i] {
				return 0, false
			}
			at++
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		fields[at] = fields[at]*10 + int(c-'0')
	}
	minutes := int64(fields[3]*60 + fields[4])
	return int64(calendar.Days(fields[0], fields[1], fields[2]))*calendar.DayMs + minutes*60_000 + int64(fields[5]*1000+fields[6]), true
}
