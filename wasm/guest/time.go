package main

// The time package's own formatter and parser cost ten times as much as these.

// writeTime writes RFC 3339 in UTC with milliseconds, as JavaScript's
// toISOString does.
func writeTime(ms int64) {
	ms = min(max(ms, 0), 253402300799999) // the years 1970 to 9999
	days, rest := ms/86_400_000, int(ms%86_400_000)
	y, m, d := civilFromDays(int(days))
	pad(y, 1000, '-')
	pad(m, 10, '-')
	pad(d, 10, 'T')
	pad(rest/3_600_000, 10, ':')
	pad(rest/60_000%60, 10, ':')
	pad(rest/1000%60, 10, '.')
	pad(rest%1000, 100, 'Z')
}

func pad(n, unit int, after byte) {
	for ; unit > 0; unit /= 10 {
		output = append(output, byte('0'+n/unit%10))
	}
	output = append(output, after)
}

// readTime reads what writeTime writes.
func readTime(s string) (ms int64, ok bool) {
	const form = "0000-00-00T00:00:00.000Z"
	if len(s) != len(form) {
		return 0, false
	}
	var fields [7]int
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
	minutes := (int64(daysFromCivil(fields[0], fields[1], fields[2]))*24+int64(fields[3]))*60 + int64(fields[4])
	return (minutes*60+int64(fields[5]))*1000 + int64(fields[6]), true
}

// civilFromDays turns days since 1970 into a date of the Gregorian calendar, by
// the usual reckoning in eras of 400 years whose years begin on 1 March.
func civilFromDays(days int) (y, m, d int) {
	days += 719468
	era, doe := days/146097, days%146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	y, m, d = yoe+era*400, mp+3, doy-(153*mp+2)/5+1
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

func daysFromCivil(y, m, d int) int {
	if m <= 2 {
		y--
		m += 12
	}
	yoe := y % 400
	doy := (153*(m-3)+2)/5 + d - 1
	return y/400*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}
