package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/calendar"
)

func TestEveryDayUpToTheYear9999AgreesWithPackageTime(t *testing.T) {
	last := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	days := 0
	for at := time.Unix(0, 0).UTC(); !at.After(last); at = at.AddDate(0, 0, 1) {
		y, m, d := calendar.Date(days)
		if y != at.Year() || time.Month(m) != at.Month() || d != at.Day() || calendar.Days(y, m, d) != days {
			t.Fatalf("day %d is %s, not %d-%d-%d (day %d)", days, at, y, m, d, calendar.Days(y, m, d))
		}
		days++
	}
	require.Equal(t, 2932897, days)
}
