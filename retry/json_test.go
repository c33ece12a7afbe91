package retry_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
)

func TestAPolicyIsWrittenWithOffAsZeroAndDefaultsLeftOut(t *testing.T) {
	for wire, p := range map[string]retry.Policy{
		`{}`:                       {},
		`{"content_timeout_ms":0}`: {ContentTimeoutMs: -1},
		`{"preset":"mux","max_attempts":3,"jitter":"full","max_retry_after_ms":0,"lenient":true}`: {
			Preset: retry.PresetMux, MaxAttempts: 3, Jitter: retry.JitterFull, MaxRetryAfterMs: -1, Lenient: true,
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
		`{"maxAttempts":3}`:      "retry: unknown option: maxAttempts",
		`{"max_attempts":-1}`:    "retry: max_attempts must be a number of at least 0",
		`{"max_attempts":"3"}`:   "retry: max_attempts must be a number of at least 0",
		`{"max_delay_ms":1e400}`: "retry: max_delay_ms must be a number of at least 0",
		`{"jitter":1}`:           "retry: jitter must be a string",
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
