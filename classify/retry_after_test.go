package classify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestWaitIsReadFromHeaders(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    int64
	}{
		{"seconds", map[string]string{"retry-after": "20"}, 20_000},
		{"fraction of seconds", map[string]string{"retry-after": "0.5"}, 500},
		{"zero means now", map[string]string{"retry-after": "0"}, 0},
		{"white space around", map[string]string{"retry-after": " 7 "}, 7_000},
		{"a proxy's own header joined to it", map[string]string{"retry-after": "20, 60"}, 20_000},
		{"milliseconds", map[string]string{"retry-after-ms": "125"}, 125},
		{"fraction of milliseconds", map[string]string{"retry-after-ms": "125.6"}, 126},
		{"milliseconds come first", map[string]string{"retry-after-ms": "1500", "retry-after": "30"}, 1_500},
		{"the first that is valid counts", map[string]string{"retry-after-ms": "-1", "retry-after": "2"}, 2_000},
		{"IMF-fixdate", map[string]string{"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30_000},
		{"RFC 850", map[string]string{"retry-after": "Sunday, 01-Mar-26 12:00:30 GMT"}, 30_000},
		{"asctime", map[string]string{"retry-after": "Sun Mar  1 12:00:30 2026"}, 30_000},
		{"RFC 3339", map[string]string{"retry-after": "2026-03-01T12:00:30Z"}, 30_000},
		{"RFC 3339 with a fraction", map[string]string{"retry-after": "2026-03-01T12:00:30.500Z"}, 30_000},
		{"RFC 3339 with an offset of zero", map[string]string{"retry-after": "2026-03-01T12:00:30+00:00"}, 30_000},
		{"a date past", map[string]string{"retry-after": "Sun, 01 Mar 2026 11:59:00 GMT"}, 0},
		{"against the date header", map[string]string{
			"date": "Sun, 01 Mar 2026 12:00:20 GMT", "retry-after": "Sun, 01 Mar 2026 12:00:30 GMT",
		}, 10_000},
		{"an epoch in seconds", map[string]string{"retry-after": "1772366430"}, 30_000},
		{"reset of a used-up limit, as a duration", map[string]string{
			"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m12.3s",
		}, 72_300},
		{"reset of a used-up limit, as seconds", map[string]string{"ratelimit-remaining": "0", "ratelimit-reset": "50"}, 50_000},
		{"reset of a used-up limit, as an epoch in milliseconds", map[string]string{
			"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772366460000",
		}, 60_000},
		{"reset of a used-up limit, as a date", map[string]string{
			"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2026-03-01T12:00:45Z",
			"anthropic-ratelimit-requests-remaining": "40", "anthropic-ratelimit-requests-reset": "2026-03-01T12:09:00Z",
		}, 45_000},
		{"of two used-up limits the later", map[string]string{
			"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s",
			"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6ms",
		}, 2_000},
		{"reset of a limit with something left", map[string]string{
			"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "2s",
		}, none},
		{"reset of who knows what", map[string]string{"x-ratelimit-reset": "30"}, none},
		{"retry-after comes before resets", map[string]string{
			"retry-after": "5", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "50s",
		}, 5_000},

		{"not a number", map[string]string{"retry-after": "NaN"}, none},
		{"infinite", map[string]string{"retry-after": "Infinity"}, none},
		{"negative", map[string]string{"retry-after": "-5"}, none},
		{"an exponent", map[string]string{"retry-after": "1e309"}, none},
		{"hexadecimal", map[string]string{"retry-after": "0x10"}, none},
		{"300 digits", map[string]string{"retry-after": strings.Repeat("9", 300)}, none},
		{"year 9999", map[string]string{"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, none},
		{"no such day", map[string]string{"retry-after": "Sun, 41 Mar 2026 12:00:30 GMT"}, none},
		{"half a date", map[string]string{"retry-after": "Sun, 01 Mar 2026"}, none},
		{"words", map[string]string{"retry-after": "a while"}, none},
		{"seven numbers", map[string]string{"retry-after": "1 2 3 4 5 6 7"}, none},
		{"empty", map[string]string{"retry-after": ""}, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := classify.Classify(classify.Failure{Status: 429, Headers: c.headers, Now: noon.UnixMilli()})
			if c.want == none {
				require.Nil(t, v.RetryAfterMs)
				require.True(t, v.Retryable)
				return
			}
			require.NotNil(t, v.RetryAfterMs)
			require.Equal(t, c.want, *v.RetryAfterMs)
		})
	}
}

func TestADateWithoutAClockIsReadOnlyIfItIsCertainlyPast(t *testing.T) {
	at := func(date string) *int64 {
		return classify.Classify(classify.Failure{Status: 429, Headers: map[string]string{"retry-after": date}}).RetryAfterMs
	}
	require.Equal(t, int64(0), *at("Thu, 01 Jan 1970 00:00:00 GMT"))
	require.Nil(t, at("Sun, 01 Mar 2035 12:00:30 GMT"))
}

func TestWaitIsReadFromTexts(t *testing.T) {
	const none = -1
	for text, want := range map[string]int64{
		`Please try again in 20s.`:                                   20_000,
		`Please try again in 1m12.3s.`:                               72_300,
		`Please try again in 644ms.`:                                 644,
		`Please retry after 26 seconds.`:                             26_000,
		`Please retry in 44.097740004s.`:                             44_098,
		`Please wait 60 seconds before retrying.`:                    60_000,
		`Please wait 1 hour and 5 minutes.`:                          3_900_000,
		`Try again in about 5 minutes`:                               300_000,
		`{"error":{"details":[{"retryDelay":"37s"}]}}`:               37_000,
		`{"error":{"message":"x","retry_after":12}}`:                 12_000,
		`{"retry_after":120,"owner_action_required":true}`:           120_000,
		`{"retry_after_ms":250}`:                                     250,
		`{"error":{"resets_in_seconds":90}}`:                         90_000,
		`{"detail":"Expected available in 1 second."}`:               1_000,
		`{"detail":"Your rate limit resets in ~10s."}`:               10_000,
		`Retry in 2s. {"retryDelay":"3s"}`:                           3_000,
		`Rate limited, retry after 3 attempts`:                       none,
		`Please try again in a few minutes`:                          none,
		`Please wait one minute and try again.`:                      60_000,
		`Too many requests, try again in a minute`:                   60_000,
		`Please try again in an hour.`:                               3_600_000,
		`Limit: 10 requests an hour. Retry later`:                    none,
		`One request a minute is allowed. Please wait.`:              none,
		`The limit resets every hour`:                                none,
		`We will retry in a minute`:                                  none,
		`Waited one minute for a slot, max wait one minute`:          none,
		`{"retry_after_minute":5}`:                                   none,
		`{"message":"Retry after a minute","retry_after":20}`:        20_000,
		`If you created it within the last 5 minutes, wait a moment`: none,
		`{"retry_after":-1}`:                                         none,
		`{"retry_after":"NaN"}`:                                      none,
		`{"retry_after":1e309}`:                                      none,
		`{"retry_after":` + strings.Repeat("9", 300) + `}`:           none,
		`retry after 400 days`:                                       none,

		`{"error":{"reset_seconds":561600}}`:      561_600_000,
		`{"cooldownMs":4500}`:                     4_500,
		`{"retryAfterMs":250,"x":1}`:              250,
		`{"error":{"resetsInSeconds":90}}`:        90_000,
		`{"wait_time":12.5}`:                      12_500,
		`{"retry_after_minutes":2}`:               120_000,
		`{"delay_seconds": 3}`:                    3_000,
		`This key needs a 90 s wait.`:             90_000,
		`Cooling down, 45 s remaining`:            45_000,
		`a retry-after of 30 seconds`:             30_000,
		`Please try after 15 seconds`:             15_000,
		`Try your request again in 2 minutes`:     120_000,
		`Hold on for 60 seconds before retrying`:  60_000,
		`30秒後に再試行してください`:                          30_000,
		`请在30秒后重试`:                                30_000,
		`请等待 5 秒`:                                 5_000,
		`请等待30秒`:                                  30_000,
		`请 2 分钟后再试`:                               120_000,
		`30초 후에 다시 시도해 주세요`:                       30_000,
		`Bitte warten Sie 30 Sekunden.`:           30_000,
		`Bitte in 30 Sekunden erneut versuchen.`:  30_000,
		`Veuillez réessayer dans 30 secondes.`:    30_000,
		`Inténtelo de nuevo en 2 minutos`:         120_000,
		`Tente novamente em 10 segundos`:          10_000,
		`Повторите через 30 секунд`:               30_000,
		`gave up after it waited > 300 s`:         none,
		`max wait 60 s`:                           none,
		`exceeded the maximum 60 s wait`:          none,
		`limited to 5 requests in 10 seconds`:     none,
		`the service is available 24 hours a day`: none,
		`will retry in 8 s`:                       none,
		`retry 1 of 5`:                            none,
		`10 requêtes en 60 secondes`:              none,
		`resets at 17:00`:                         none,
		`{"retry_after":"2026-03-01T12:00:00Z"}`:  none,
		`{"max_retry_delay":30}`:                  none,
		`no more than 60 s left`:                  none,
	} {
		v := classify.Classify(classify.Failure{Status: 503, Body: text, Now: noon.UnixMilli()})
		if want == none {
			require.Nil(t, v.RetryAfterMs, text)
			continue
		}
		require.NotNil(t, v.RetryAfterMs, text)
		require.Equal(t, want, *v.RetryAfterMs, text)
	}
}

func TestALongWaitMakesAFailurePermanentAndNoWaitMakesOneRetryable(t *testing.T) {
	v := classify.Classify(classify.Failure{Status: 503, Headers: map[string]string{"retry-after": "600"}})
	require.True(t, v.Retryable)
	v = classify.Classify(classify.Failure{Status: 503, Headers: map[string]string{"retry-after": "601"}})
	require.False(t, v.Retryable)
	require.Equal(t, classify.RuleLongWait, v.Rule)
	require.Equal(t, int64(601_000), *v.RetryAfterMs)

	v = classify.Classify(classify.Failure{Status: 401, Headers: map[string]string{"retry-after": "1"}})
	require.False(t, v.Retryable)
	require.Nil(t, v.RetryAfterMs)
	v = classify.Classify(classify.Failure{Status: 429, Body: "You have reached your daily limit. Try again in 5s"})
	require.False(t, v.Retryable)
	require.Equal(t, int64(5000), *v.RetryAfterMs)
}
