package session_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
)

var update = flag.Bool("update", false, "write the answer of each step into the vectors instead of checking it")

func TestVectors(t *testing.T) {
	files, err := vectors.Load("../../testdata/sessions")
	require.NoError(t, err)
	for _, file := range files {
		t.Run(file.Name, func(t *testing.T) {
			for _, vector := range file.Vectors {
				t.Run(vector.Name, func(t *testing.T) {
					got, difference, err := file.Play(vector, vectors.Native())
					require.NoError(t, err)
					if *update {
						vector.Steps = got
					} else if difference != "" {
						t.Error(difference)
					}
				})
			}
			if *update && !t.Failed() {
				require.NoError(t, file.Save())
			}
		})
	}
}
