package hosttest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/hosttest/vectors"
)

// older is added to a failure if Go returns the wanted verdict and the module does not.
const older = "The module is older than its sources: run make wasm."

// ifOlder returns older if Go returns the wanted verdict, else "".
func ifOlder(t *testing.T, failure, want json.RawMessage) string {
	var f classify.Failure
	require.NoError(t, json.Unmarshal(failure, &f))
	if vectors.Equal(want, []byte(mustJSON(t, classify.Classify(f)))) {
		return older
	}
	return ""
}

func TestAModuleIsOlderIfOnlyGoReturnsTheWantedVerdict(t *testing.T) {
	failure := json.RawMessage(`{"status":529}`)
	today := []byte(mustJSON(t, classify.Classify(classify.Failure{Status: 529})))
	require.Equal(t, older, ifOlder(t, failure, today))
	require.Empty(t, ifOlder(t, failure, []byte(`{"kind":"quota"}`)))
}

func TestTheModulePlaysEveryClassifyVector(t *testing.T) {
	i := newInstance(t)
	judge := func(failure any) json.RawMessage {
		verdict, err := i.Classify([]byte(mustJSON(t, failure)))
		require.NoError(t, err)
		return verdict
	}
	paths, err := filepath.Glob("../testdata/classify/*.json")
	require.NoError(t, err)
	count := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if text[0] == '[' {
			var list []struct{ Failure, Verdict json.RawMessage }
			require.NoError(t, json.Unmarshal(text, &list), path)
			for _, c := range list {
				got := judge(c.Failure)
				require.True(t, vectors.Equal(c.Verdict, got), "%s\nwant %s\ngot  %s\n%s", c.Failure, c.Verdict, got, ifOlder(t, c.Failure, c.Verdict))
				count++
			}
			continue
		}
		var table struct {
			Texts []struct {
				Error     string
				Retryable bool
			}
			Statuses []struct {
				Status    int
				Retryable bool
			}
		}
		require.NoError(t, json.Unmarshal(text, &table), path)
		retryable := func(failure any) bool {
			var verdict struct{ Retryable bool }
			require.NoError(t, json.Unmarshal(judge(failure), &verdict))
			count++
			return verdict.Retryable
		}
		for _, c := range table.Texts {
			require.Equal(t, c.Retryable, retryable(map[string]any{"error": map[string]any{"message": c.Error}}), c.Error)
		}
		for _, c := range table.Statuses {
			require.Equal(t, c.Retryable, retryable(map[string]any{"status": c.Status}), "%d", c.Status)
		}
	}
	require.Greater(t, count, 50)
	t.Logf("%d vectors", count)
}
