package ascii

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSearchesFindWhatPackageStringsFinds(t *testing.T) {
	for _, s := range []string{"", "a", "aa", "aab", "https://x/y?z#w", "://", "a://b://c", "ü://é"} {
		for _, part := range []string{"a", "ab", "aab", "://", "?", "#", "/y", "é"} {
			require.Equal(t, strings.Index(s, part), Index(s, part), "%q in %q", part, s)
			before, after, found := Cut(s, part)
			wantBefore, wantAfter, wantFound := strings.Cut(s, part)
			require.Equal(t, []any{wantBefore, wantAfter, wantFound}, []any{before, after, found}, "%q in %q", part, s)
		}
	}
}

func TestBeforeEndsAtTheFirstMark(t *testing.T) {
	require.Equal(t, "gpt-4", Before("gpt-4/chat:x", "/:"))
	require.Equal(t, "gpt-4", Before("gpt-4:x/chat", "/:"))
	require.Equal(t, "gpt-4", Before("gpt-4", "/:"))
	require.Empty(t, Before("/x", "/:"))
	require.Empty(t, Before("", "/:"))
}

func TestTrimRemovesWhiteSpaceAtBothEnds(t *testing.T) {
	require.Equal(t, "text/plain", Trim(" \ttext/plain\r\n "))
	require.Equal(t, "a b", Trim("a b"))
	require.Empty(t, Trim(" \t "))
	require.Empty(t, Trim(""))
}
