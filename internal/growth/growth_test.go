package growth

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder is a testing.TB that only records whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

var sink int

func TestLinearWorkPassesAndQuadraticWorkFails(t *testing.T) {
	linear := func(size int) {
		for i := range 1000 * size {
			sink += i
		}
	}
	r := &recorder{TB: t}
	Linear(r, "linear", 25, linear)
	require.False(t, r.failed)
	Linear(r, "quadratic", 25, func(size int) { linear(size * size / 25) })
	require.True(t, r.failed)
}
