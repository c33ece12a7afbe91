// Command explain shows how an error is classified, and which phrase matched for which
// rule.
//
//	go run ./hosttest/explain -status 429 -provider novita '{"reason":"TOKEN_LIMIT_EXCEEDED"}'
//
// Without a status the text is the message of a thrown error. A text of - is read from
// standard input.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/steadfetch/steadfetch/classify"
)

func main() {
	status := flag.Int("status", 0, "the response's status")
	provider := flag.String("provider", "", "the provider's short name, as in classify/providers.go")
	flag.Parse()
	text := strings.Join(flag.Args(), " ")
	if text == "-" {
		all, err := io.ReadAll(os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		text = strings.TrimSuffix(string(all), "\n")
	}
	explain(os.Stdout, *status, *provider, text)
}

// explain writes the verdict, and what matched for it and for the rules before it.
func explain(to io.Writer, status int, provider, text string) {
	f := classify.Failure{Provider: provider}
	if status == 0 {
		f.Error = &classify.ErrorInfo{Message: text}
	} else {
		f.Phase, f.Status, f.Body = classify.PhaseResponse, status, text
	}
	trail := classify.Explain(f)
	v := trail.Verdict
	decision := "stop"
	if v.Retryable {
		decision = "retry"
	}
	fmt.Fprintf(to, "%s, %s, by rule %s\n", v.Kind, decision, v.Rule)
	if v.RetryAfterMs != nil {
		fmt.Fprintf(to, "the server asks for %d ms\n", *v.RetryAfterMs)
	}
	fmt.Fprintf(to, "shown as: %s. %s\n", v.Title, v.Message)
	fmt.Fprintln(to, "\nwhat spoke for which rule; the last one decided:")
	for _, s := range trail.Steps {
		switch {
		case s.Phrase != "":
			fmt.Fprintf(to, "  %-18s %q in the %s: ...%s...\n", s.Rule, s.Phrase, s.Where, s.Text)
		case s.Decided:
			fmt.Fprintf(to, "  %-18s the status, the form, or a code of the provider's own\n", s.Rule)
		}
	}
}
