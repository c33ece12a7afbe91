package classify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

func TestOriginsTextsAndStatusesAreJudgedAsThere(t *testing.T) {
	data, err := os.ReadFile("../testdata/classify/origin.json")
	require.NoError(t, err)
	var vectors struct {
		Texts []struct {
			Error     string
			Retryable bool
		}
		Statuses []struct {
			Status    int
			Retryable bool
		}
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	require.NotEmpty(t, vectors.Texts)
	for _, c := range vectors.Texts {
		require.Equal(t, c.Retryable, classify.IsRetryable(errors.New(c.Error)), c.Error)
		wrapped := fmt.Errorf("provider call failed: %w", errors.New(c.Error))
		require.Equal(t, c.Retryable, classify.IsRetryable(wrapped), wrapped)
	}
	for _, c := range vectors.Statuses {
		require.Equal(t, c.Retryable, classify.StatusCodeRetryable(c.Status), c.Status)
	}
	require.False(t, classify.IsRetryable(nil))
	require.False(t, classify.IsRetryable(context.Canceled))
	require.False(t, classify.IsRetryable(fmt.Errorf("stream: %w", context.Canceled)))
}
