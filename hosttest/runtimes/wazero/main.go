// Command wazero plays the job of hosttest/runtimes in Go, with the module on wazero:
// all vectors, and live streams through faults.
//
//	wazero SERVER NAME
//
// SERVER is the runner's address and NAME the name of this runtime there. It posts
// the outcome to the runner.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
	"github.com/steadfetch/steadfetch/hosttest/wasmhost"
	"github.com/steadfetch/steadfetch/wasm"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: wazero SERVER NAME")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], url.PathEscape(os.Args[2])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, name string) error {
	var j job
	if err := call(ctx, http.MethodGet, server+"/job/"+name, nil, &j); err != nil {
		return err
	}
	outcome, err := play(ctx, &j)
	if err != nil {
		outcome = map[string]any{"error": err.Error()}
	}
	return call(ctx, http.MethodPost, server+"/outcome/"+name, outcome, nil)
}

// call exchanges JSON with the runner.
func call(ctx context.Context, method, address string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the runner answered %s: %s", response.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// job is what the runner wants played: vectors, and an address for each live stream.
type job struct {
	Sessions map[string]*vectors.File `json:"sessions"`
	Classify map[string]judged        `json:"classify"`
	Runs     struct {
		CreateFetch string `json:"createFetch"`
		Stream      string `json:"stream"`
	} `json:"runs"`
}

// judged is a file of failures: a list of them with their verdicts, or texts and
// statuses with whether they are retryable.
type judged struct {
	Verdicts []struct {
		Failure json.RawMessage `json:"failure"`
		Verdict json.RawMessage `json:"verdict"`
	}
	Texts []struct {
		Error     string `json:"error"`
		Retryable bool   `json:"retryable"`
	} `json:"texts"`
	Statuses []struct {
		Status    int  `json:"status"`
		Retryable bool `json:"retryable"`
	} `json:"statuses"`
}

func (j *judged) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, &j.Verdicts)
	}
	type plain judged // without this method
	return json.Unmarshal(text, (*plain)(j))
}

// tally is the outcome of one kind of vectors.
type tally struct {
	Count    int      `json:"count"`
	Failures []string `json:"failures"`
}

func (t *tally) add(name, difference string) {
	t.Count++
	if difference != "" {
		t.Failures = append(t.Failures, name+": "+difference)
	}
}

func play(ctx context.Context, j *job) (map[string]any, error) {
	module, err := wasmhost.Compile(ctx, wasm.Module, false)
	if err != nil {
		return nil, err
	}
	defer module.Close(ctx)
	sessions, err := playSessions(ctx, module, j)
	if err != nil {
		return nil, err
	}
	verdicts, err := playClassify(ctx, module, j)
	if err != nil {
		return nil, err
	}
	engine, err := wasm.NewEngine(ctx)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	chat, err := survive(ctx, engine, j.Runs.CreateFetch+"/v1/chat/completions", false, func(data []byte) (string, error) {
		var chunk struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal(data, &chunk); err != nil || len(chunk.Choices) == 0 {
			return "", err
		}
		return chunk.Choices[0].Delta.Content, nil
	})
	if err != nil {
		return nil, fmt.Errorf("without a reset: %w", err)
	}
	messages, err := survive(ctx, engine, j.Runs.Stream+"/v1/messages", true, func(data []byte) (string, error) {
		var event struct{ Delta struct{ Text string } }
		err := json.Unmarshal(data, &event)
		return event.Delta.Text, err
	})
	if err != nil {
		return nil, fmt.Errorf("with resets: %w", err)
	}
	return map[string]any{"sessions": sessions, "classify": verdicts, "createFetch": chat, "stream": messages}, nil
}

func playSessions(ctx context.Context, module *wasmhost.Module, j *job) (*tally, error) {
	t := &tally{Failures: []string{}}
	for name, file := range j.Sessions {
		for _, vector := range file.Vectors {
			host, err := module.New(ctx)
			if err != nil {
				return nil, err
			}
			_, difference, err := file.Play(vector, host)
			if err != nil {
				difference = err.Error()
			}
			t.add(name+": "+vector.Name, difference)
			if err := host.Close(); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

func playClassify(ctx context.Context, module *wasmhost.Module, j *job) (*tally, error) {
	host, err := module.New(ctx)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	t := &tally{Failures: []string{}}
	check := func(name string, failure any, agrees func(answer []byte) bool) {
		in, err := json.Marshal(failure)
		if err != nil {
			t.add(name, err.Error())
			return
		}
		answer, err := host.Classify(in)
		switch {
		case err != nil:
			t.add(name, err.Error())
		case !agrees(answer):
			t.add(name, fmt.Sprintf("%s: got %s", in, answer))
		default:
			t.add(name, "")
		}
	}
	retryable := func(want bool) func([]byte) bool {
		return func(answer []byte) bool {
			var verdict struct{ Retryable *bool }
			return json.Unmarshal(answer, &verdict) == nil && verdict.Retryable != nil && *verdict.Retryable == want
		}
	}
	for name, file := range j.Classify {
		for _, v := range file.Verdicts {
			check(name, v.Failure, func(answer []byte) bool { return vectors.Equal(v.Verdict, answer) })
		}
		for _, v := range file.Texts {
			check(name, map[string]any{"error": map[string]string{"message": v.Error}}, retryable(v.Retryable))
		}
		for _, v := range file.Statuses {
			check(name, map[string]int{"status": v.Status}, retryable(v.Retryable))
		}
	}
	return t, nil
}

// textOf returns the text in a stream of events, whose data textIn reads.
func textOf(stream string, textIn func(data []byte) (string, error)) (string, error) {
	var text strings.Builder
	for line := range strings.Lines(stream) {
		data, isData := strings.CutPrefix(strings.TrimRight(line, "\n"), "data: ")
		if !isData || data == "[DONE]" {
			continue
		}
		piece, err := textIn([]byte(data))
		if err != nil {
			return "", fmt.Errorf("%s: %w", data, err)
		}
		text.WriteString(piece)
	}
	return text.String(), nil
}
