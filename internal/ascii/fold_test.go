package ascii

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLetterCaseDoesNotCount(t *testing.T) {
	for _, s := range []string{"", "a", "Retry-After", "TEXT/event-stream; x", "status 429"} {
		for _, part := range []string{"", "a", "retry-after", "Text/Event", "429"} {
			require.Equal(t, strings.EqualFold(s, part), EqualFold(s, part), "%q and %q", s, part)
			require.Equal(t, strings.HasPrefix(strings.ToLower(s), strings.ToLower(part)), HasPrefixFold(s, part), "%q in %q", part, s)
			require.Equal(t, strings.Index(strings.ToLower(s), strings.ToLower(part)), IndexFold(s, part), "%q in %q", part, s)
		}
	}
}

func TestAListIsSearchedByWholeWords(t *testing.T) {
	require.True(t, ListedFold("get post", "POST"))
	require.True(t, ListedFold("get", "get"))
	require.False(t, ListedFold("get post", "pos"))
	require.False(t, ListedFold("get post", "get post"))
	require.False(t, ListedFold("", "get"))
}

func TestCutByteCutsAtTheFirst(t *testing.T) {
	before, after := CutByte("a:b:c", ':')
	require.Equal(t, []string{"a", "b:c"}, []string{before, after})
	before, after = CutByte("abc", ':')
	require.Equal(t, []string{"abc", ""}, []string{before, after})
}
