package classify

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statusPagesFile is written by "go test ./classify -run StatusPages -update".
const statusPagesFile = "../jsbridge/src/ui/status-pages.ts"

func TestTheElementsStatusPagesAreTheProvidersOwn(t *testing.T) {
	var lines []string
	for i := range providers {
		if p := &providers[i]; p.status != "" {
			lines = append(lines, fmt.Sprintf("  %s: %q,\n", p.id, p.status))
		}
	}
	slices.Sort(lines)
	text := "// Written from the rows of classify/providers.go. Do not edit: change those and run\n" +
		"// \"go test ./classify -run StatusPages -update\".\n\n" +
		"/** Where providers say how they are, by the short names that verdicts carry. */\n" +
		"export const statusPages: Readonly<Record<string, string>> = {\n" + strings.Join(lines, "") + "};\n"
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(statusPagesFile, []byte(text), 0o644))
	}
	have, err := os.ReadFile(statusPagesFile)
	require.NoError(t, err)
	require.Equal(t, text, string(have), "run go test ./classify -run StatusPages -update")
}

func TestProvidersRowsAreWhole(t *testing.T) {
	seen := map[string]string{}
	for i := range providers {
		p := &providers[i]
		require.NotEmpty(t, p.name, p.id)
		require.NotEmpty(t, p.hosts, p.id)
		for _, word := range append(strings.Fields(p.aliases), p.id) {
			require.Empty(t, seen[word], "%s is %s's and %s's", word, seen[word], p.id)
			seen[word] = p.id
			require.Equal(t, strings.ToLower(word), word)
		}
		for _, host := range strings.Fields(p.hosts) {
			address := strings.ReplaceAll(host, "*", "-runtime.eu-west-1.")
			if !strings.Contains(host, ".") {
				address = "localhost:" + host
			}
			require.Equal(t, p, providerAt(address), address)
		}
	}
}

func TestAHintNamesAProviderInAnyCaseAndByItsOtherNames(t *testing.T) {
	for hint, name := range map[string]string{"Gemini": "Google", "azure-openai": "Azure OpenAI", "OpenRouter": "OpenRouter", "kimi": "Moonshot AI", "my proxy": "", "": ""} {
		require.Equal(t, name, displayName(hint), hint)
	}
}
