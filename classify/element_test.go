package classify

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// elementsFile is written by "go test ./classify -run ElementKnows -update".
const elementsFile = "../jsbridge/src/ui/providers.gen.ts"

func TestTheElementKnowsProvidersByTheSameNamesAndPages(t *testing.T) {
	var lines []string
	for i := range providers {
		p := &providers[i]
		lines = append(lines, fmt.Sprintf("  %s: [%q, %q],\n", p.id, p.name, p.status))
	}
	slices.Sort(lines)
	text := "// Written from the rows of classify/providers.go. Do not edit: change those and run\n" +
		"// \"go test ./classify -run ElementKnows -update\".\n\n" +
		"/** What people call a provider, and where it says how it is, by the short names that verdicts carry. */\n" +
		"export const providers: Readonly<Record<string, readonly [name: string, statusPage: string]>> = {\n" +
		strings.Join(lines, "") + "};\n"
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(elementsFile, []byte(text), 0o644))
	}
	have, err := os.ReadFile(elementsFile)
	require.NoError(t, err)
	if text != string(have) {
		t.Errorf("%s differs from the rows of providers: go test ./classify -run ElementKnows -update writes it; commit both", elementsFile[len("../"):])
	}
}

// textsFile is what translators start from. jsbridge/test/view.test.ts checks that the
// element fills in its placeholders as classify does.
const textsFile = "../testdata/texts.json"

func TestTheFileForTranslatorsHasTheTexts(t *testing.T) {
	table := map[string]map[string]string{}
	for _, text := range texts {
		table[text.of] = map[string]string{"title": text.Title, "message": text.Message}
	}
	want, err := json.MarshalIndent(table, "", "  ")
	require.NoError(t, err)
	want = append(want, '\n')
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(textsFile, want, 0o644))
	}
	have, err := os.ReadFile(textsFile)
	require.NoError(t, err)
	if string(want) != string(have) {
		t.Errorf("%s differs from classify/texts.go: go test ./classify -run Translators -update writes it; commit both", textsFile[len("../"):])
	}
}

func TestTheRowsOfProvidersAreComplete(t *testing.T) {
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

func TestAHintNamesAProviderInAnyCaseAndByItsAliases(t *testing.T) {
	for hint, name := range map[string]string{"Gemini": "Google", "azure-openai": "Azure OpenAI", "OpenRouter": "OpenRouter", "kimi": "Moonshot AI", "my proxy": "", "": ""} {
		require.Equal(t, name, displayName(hint), hint)
	}
}
