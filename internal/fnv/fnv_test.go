package fnv

import (
	"hash/fnv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddAgreesWithTheStandardLibrary(t *testing.T) {
	for _, s := range []string{"", "a", "foobar", "\x00\xff", "https://api.example.com"} {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s))
		require.Equal(t, h.Sum64(), Add(Offset, s), "%q", s)
	}
}

func TestAddInPiecesEqualsAddInOne(t *testing.T) {
	require.Equal(t, Add(Offset, "data: hello"), Add(Add(Offset, "data: "), "hello"))
}
