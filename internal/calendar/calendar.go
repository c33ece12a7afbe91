// Package calendar turns dates of the Gregorian calendar into days since 1970
// and back. Package time's own parser and formatter are several times the size
// of this.
package calendar

// DayMs is the length of a day in milliseconds.
const DayMs = 86_400_000

// Days returns the number of days since 1970-01-01. It counts years from March,
// so that the leap day is the last day of its year.
func Days(year, month, day int) int {
	if month < 3 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 719469
}

// Date is the inverse of Days, for days from 1970 on. It counts in eras of 400
// years, after which the calendar repeats.
func Date(days int) (year, month, day int) {
	days += 719468
	era, ofEra := days/146097, days%146097
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	fromMarch := (5*ofYear + 2) / 153
	year, month, day = yearOfEra+era*400, fromMarch+3, ofYear-(153*fromMarch+2)/5+1
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}
