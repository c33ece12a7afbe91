package wire

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

func TestShapesMatchTheStructsAndTheirTags(t *testing.T) {
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
		{ending, endingShape},
		{spoken, saidShape},
		{about, aboutShape},
	} {
		typ := reflect.TypeOf(c.value)
		require.Equal(t, typ.NumField(), len(c.shape), "%s: every field crosses", typ)
		for i, f := range c.shape {
			field := typ.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.Equal(t, name, f.name, typ)
			require.Equal(t, field.Offset, f.at, "%s.%s", typ, field.Name)
			kinds := map[string]kind{
				"bool": flag, "int": number, "int64": long, "*int64": maybe, "[]int": numbers, "time.Time": moment, "classify.Headers": headers, "retry.Policy": policy,
				"session.Request": inRequest, "*session.Request": toRequest, "*classify.Event": toEvent, "*classify.ErrorInfo": toError, "*classify.Failure": toFailure,
				"*retry.ChatStreamRetry": toRetry, "*session.Snapshot": toSnapshot, "*classify.Verdict": toVerdict, "*session.Shared": toShared,
				"*session.Resume": toResume,
			}
			if field.Type.Kind() == reflect.String {
				require.Equal(t, text, f.kind, "%s.%s", typ, field.Name)
			} else {
				require.Contains(t, kinds, field.Type.String(), "%s.%s", typ, field.Name)
				require.Equal(t, kinds[field.Type.String()], f.kind, "%s.%s", typ, field.Name)
			}
			switch f.kind {
			case text, flag, number, long:
				require.Equal(t, options != "omitempty", f.always, "%s.%s", typ, field.Name)
			}
		}
	}
}

func TestTheWriterAgreesWithEncodingJSON(t *testing.T) {
	ms := int64(0)
	last := classify.Verdict{Kind: classify.RateLimit, RetryAfterMs: &ms, Retryable: true, Detail: "a \"quoted\"\nline é"}
	a := session.Answer{
		Do: session.DoWait, Attempt: 3, TimerAt: 1_700_000_000_123, Last: &last, Wake: []int{3, 70_000}, Share: &session.Shared{Bucket: "https://x"},
		Retry:  &retry.ChatStreamRetry{Attempt: 2, Before: 9, RetryingAt: time.UnixMilli(1_709_164_800_007).UTC(), Kind: classify.RateLimit},
		Resume: &session.Resume{How: retry.ResumeBackground, NoBody: true, Sequence: 7},
	}
	w := Writer{}
	w.Answer(&a)
	want, err := json.Marshal(a)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(w.Text))

	var back session.Snapshot
	restored := session.Snapshot{State: session.StateWaiting, Attempt: 2, Failures: 2, Retry: a.Retry}
	raw, err := json.Marshal(restored)
	require.NoError(t, err)
	require.NoError(t, read(jsonscan.Parse(string(raw)), unsafe.Pointer(&back), toSnapshot, 0))
	back.Retry.RetryingAt = back.Retry.RetryingAt.UTC()
	require.Equal(t, restored, back)
}

func TestTimesAreWrittenAndReadLikeRFC3339(t *testing.T) {
	for _, at := range []string{"1970-01-01T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "2026-11-23T12:00:00.001Z", "2100-02-28T00:00:00.000Z", "9999-12-31T23:59:59.999Z"} {
		parsed, err := time.Parse(time.RFC3339Nano, at)
		require.NoError(t, err)
		w := Writer{}
		w.time(parsed.UnixMilli())
		require.Equal(t, `"`+at+`"`, string(w.Text))
		ms, ok := readTime(at)
		require.True(t, ok)
		require.Equal(t, parsed.UnixMilli(), ms)
	}
	for _, junk := range []string{"", "2026-11-23", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.0x1Z", "2026-11-23 12:00:00.001Z"} {
		_, ok := readTime(junk)
		require.False(t, ok, junk)
	}
}
