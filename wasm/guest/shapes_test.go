package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

func TestShapesAreTheStructsWithTheirTags(t *testing.T) {
	for _, c := range []struct {
		value any
		shape shape
	}{
		{failure, failureShape},
		{event, eventShape},
		{info, errorShape},
		{verdict, verdictShape},
		{step, stepShape},
		{config, configShape},
		{request, requestShape},
		{happened, happenedShape},
		{reply, answerShape},
		{wait, retryShape},
		{snapshot, snapshotShape},
		{shared, sharedShape},
		{resume, resumeShape},
	} {
		typ := reflect.TypeOf(c.value)
		require.Equal(t, typ.NumField(), len(c.shape), "%s: every field crosses", typ)
		for i, f := range c.shape {
			field := typ.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.Equal(t, name, f.name, typ)
			require.Equal(t, field.Offset, f.at, "%s.%s", typ, field.Name)
			omit := options == "omitempty"
			want := map[string][2]kind{
				"string": {texts, text}, "classify.Kind": {texts, text}, "bool": {flags, flag}, "int": {numbers, number}, "int64": {longs, long},
				"*int64": {maybe, maybe}, "time.Time": {moment, moment}, "map[string]string": {header, header}, "retry.Policy": {policy, policy},
				"session.Request": {inline, inline}, "session.On": {texts, text}, "session.Do": {texts, text}, "session.State": {texts, text}, "session.WaitingFor": {texts, text}, "retry.ResumeKind": {texts, text}, "*classify.Event": {toEvent, toEvent}, "*classify.ErrorInfo": {toError, toError},
				"*classify.Failure": {toFailure, toFailure}, "*retry.ChatStreamRetry": {toRetry, toRetry}, "*session.Snapshot": {toSnapshot, toSnapshot},
				"*classify.Verdict": {toVerdict, toVerdict}, "*session.Shared": {toShared, toShared}, "*session.Resume": {toResume, toResume},
			}[field.Type.String()]
			if omit {
				want[0] = want[1]
			}
			require.Equal(t, want[0], f.kind, "%s.%s", typ, field.Name)
		}
	}
}

func TestWhatIsWrittenIsWhatEncodingJSONWrites(t *testing.T) {
	ms := int64(0)
	last := classify.Verdict{Kind: classify.RateLimit, RetryAfterMs: &ms, Retryable: true, Detail: "a \"quoted\"\nline é"}
	a := session.Answer{
		Do: session.DoWait, Attempt: 3, TimerAt: 1_700_000_000_123, Last: &last, Poke: true, Share: &session.Shared{Bucket: "https://x"},
		Retry:  &retry.ChatStreamRetry{Attempt: 2, RetryingAt: time.UnixMilli(1_709_164_800_007).UTC(), Kind: classify.RateLimit},
		Resume: &session.Resume{How: retry.ResumeBackground, NoBody: true, Sequence: 7},
	}
	output = output[:0]
	write(unsafe.Pointer(&a), answerShape)
	want, err := json.Marshal(a)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(output))

	var back session.Snapshot
	restored := session.Snapshot{State: session.StateWaiting, Attempt: 2, Failures: 2, Retry: a.Retry}
	raw, err := json.Marshal(restored)
	require.NoError(t, err)
	require.NoError(t, read(jsonscan.Parse(string(raw)), unsafe.Pointer(&back), snapshotShape, 0))
	back.Retry.RetryingAt = back.Retry.RetryingAt.UTC()
	require.Equal(t, restored, back)
}

func TestTimesAreWrittenAndReadLikeRFC3339(t *testing.T) {
	for _, at := range []string{"1970-01-01T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "2026-11-23T12:00:00.001Z", "2100-02-28T00:00:00.000Z", "9999-12-31T23:59:59.999Z"} {
		parsed, err := time.Parse(time.RFC3339Nano, at)
		require.NoError(t, err)
		output = output[:0]
		writeTime(parsed.UnixMilli())
		require.Equal(t, at, string(output))
		ms, ok := readTime(at)
		require.True(t, ok)
		require.Equal(t, parsed.UnixMilli(), ms)
	}
	for _, junk := range []string{"", "2026-11-23", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.0x1Z", "2026-11-23 12:00:00.001Z"} {
		_, ok := readTime(junk)
		require.False(t, ok, junk)
	}
}

func TestHandlesThatAreWrongOrFreedAreRefused(t *testing.T) {
	config := `{"policy":{"max_attempts":2},"request":{"url":"https://x/v1/messages"}}`
	open := func() int32 {
		buffer(int32(len(config)))
		copy(input, config)
		return sessionNew(int32(len(config)))
	}
	a, b := open(), open()
	require.Positive(t, a)
	require.NotEqual(t, a, b)
	sessionFree(a)
	require.Negative(t, sessionSnapshot(a))
	require.Positive(t, sessionSnapshot(b))
	c := open()
	require.NotEqual(t, a, c, "a stale handle does not find the next session")
	for _, h := range []int32{0, -1, a, 1 << 30, 0x10000 + 999} {
		require.Negative(t, sessionSnapshot(h))
		require.Negative(t, sessionEvent(h, 2))
		require.Negative(t, sessionChunk(h, 1, 2, 0))
		sessionFree(h)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		`{"max_attempts":-1}`:     "retry: max_attempts must be a number of at least 0",
		`{"max_delay_ms":"soon"}`: "retry: max_delay_ms must be a number of at least 0",
		`{"jitter":"some"}`:       "retry: jitter must be one of these: none full equal",
		`{"retries":3}`:           "retry: there is no option retries",
		`[]`:                      notJSON,
	} {
		buffer(int32(len(in)))
		copy(input, in)
		n := policyOf(int32(len(in)))
		require.Negative(t, n, in)
		require.Contains(t, string(output[:-n]), want)
	}
}
