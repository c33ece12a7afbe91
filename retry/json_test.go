package retry_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

func TestAPolicyIsWrittenWithOffAsZeroAndWithoutDefaults(t *testing.T) {
	for wire, p := range map[string]retry.Policy{
		`{}`:                       {},
		`{"content_timeout_ms":0}`: {ContentTimeout: -1},
		`{"max_attempts":3,"max_retry_after_ms":0,"preset":"mux","jitter":"full","lenient":true}`: {
			Preset: retry.PresetMux, MaxAttempts: 3, Jitter: retry.JitterFull, MaxRetryAfter: -1, Lenient: true,
		},
	} {
		got, err := json.Marshal(p)
		require.NoError(t, err)
		require.Equal(t, wire, string(got))
		var back retry.Policy
		require.NoError(t, json.Unmarshal(got, &back))
		require.Equal(t, p, back)
	}
	var p retry.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"max_attempts":null,"jitter":null}`), &p))
	require.Zero(t, p)
	require.NoError(t, json.Unmarshal([]byte(`null`), &p))
	require.Zero(t, p)
}

func TestAPolicyWithAMistakeIsRefused(t *testing.T) {
	for wire, reason := range map[string]string{
		`{"maxAttempts":3}`:      "retry: there is no option maxAttempts",
		`{"max_attempts":-1}`:    "retry: max_attempts must be a number of at least 0",
		`{"max_attempts":"3"}`:   "retry: max_attempts must be a number of at least 0",
		`{"max_delay_ms":1e400}`: "retry: max_delay_ms must be a number of at least 0",
		`{"jitter":1}`:           "retry: jitter must be one of these: none full equal",
		`{"lenient":"yes"}`:      "retry: lenient must be true or false",
		`[]`:                     "retry: a policy must be a JSON object",
	} {
		var p retry.Policy
		err := json.Unmarshal([]byte(wire), &p)
		require.EqualError(t, err, reason, wire)
		require.Zero(t, p)
	}
}

func TestEveryFieldOfAPolicyHasItsNameOnTheWire(t *testing.T) {
	policy := reflect.TypeFor[retry.Policy]()
	for i := range policy.NumField() {
		field := policy.Field(i)
		name := strings.TrimSuffix(field.Tag.Get("json"), ",omitempty")
		value := map[reflect.Kind]string{reflect.String: `"x"`, reflect.Bool: "true", reflect.Int: "7", reflect.Int64: "7"}[field.Type.Kind()]
		wire := `{"` + name + `":` + value + `}`
		var p retry.Policy
		require.NoError(t, json.Unmarshal([]byte(wire), &p))
		require.False(t, reflect.ValueOf(p).FieldByIndex(field.Index).IsZero(), name)
		got, err := json.Marshal(p)
		require.NoError(t, err)
		require.Equal(t, wire, string(got))
	}
}

func TestARetryEventIsWrittenAsOnTheWireAndReadBack(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))
	for wire, r := range map[string]retry.ChatStreamRetry{
		`{"attempt":1,"delay_ms":0,"error":"","retrying_at":"2026-11-23T11:00:00.000Z"}`: {Attempt: 1, RetryingAt: at},
		`{"attempt":2,"delay_ms":1500,"error":"A \"B\"","retrying_at":"2026-11-23T11:00:00.015Z","kind":"overloaded","provider":"anthropic","status_code":529,"title":"Service overloaded","party":"server","before":3}`: {
			Attempt: 2, DelayMs: 1500, Error: `A "B"`, RetryingAt: at.Add(15 * time.Millisecond),
			Kind: classify.Overloaded, Provider: "anthropic", StatusCode: 529, Title: "Service overloaded", Party: classify.PartyServer, Before: 3,
		},
	} {
		got, err := json.Marshal(session.Answer{Do: "wait", Retry: &r})
		require.NoError(t, err)
		require.Equal(t, `{"do":"wait","retry":`+wire+`}`, string(got))
		var back retry.ChatStreamRetry
		require.NoError(t, json.Unmarshal([]byte(wire), &back))
		back.RetryingAt = back.RetryingAt.In(at.Location())
		require.Equal(t, r, back)
	}
	event := reflect.TypeFor[retry.ChatStreamRetry]()
	require.Equal(t, 10, event.NumField(), "MarshalJSON does not write a new field")
}
