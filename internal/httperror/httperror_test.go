package httperror

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeadersHaveLowerCaseNamesAndJoinedLines(t *testing.T) {
	h := http.Header{}
	h.Set("Retry-After", "20")
	h.Add("Vary", "Origin")
	h.Add("Vary", "Accept")
	require.Equal(t, map[string]string{"retry-after": "20", "vary": "Origin, Accept"}, Headers(h))
}

func TestHeadersOfNoHeaderAreEmptyAndNotNil(t *testing.T) {
	require.Equal(t, map[string]string{}, Headers(nil))
}
