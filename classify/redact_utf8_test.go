package classify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADetailOfOnlyBrokenUTF8IsCut(t *testing.T) {
	require.Equal(t, "…", safe(strings.Repeat("\xAA", 2*maxDetail)))
}
