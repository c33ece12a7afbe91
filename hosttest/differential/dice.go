package differential

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
)

// dice generates random calls from those of the vectors and the corpus.
type dice struct {
	*rand.Rand
	failures  []string // as JSON
	configs   []string
	happened  []string
	fragments []string
}

func pick[T any](d *dice, list ...T) T { return list[d.IntN(len(list))] }

func (d *dice) chance(percent int) bool { return d.IntN(100) < percent }

// load reads what the calls are generated from.
func load(root string, corpus []string) (*dice, error) {
	d := &dice{failures: corpus}
	files, err := vectors.Load(root + "/sessions")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		for _, text := range f.Fragments {
			if len(text) < 20_000 {
				d.fragments = append(d.fragments, text)
			}
		}
		for _, v := range f.Vectors {
			for _, step := range v.Steps {
				if step.New != nil {
					d.configs = append(d.configs, string(step.New))
				}
				if step.Happened != nil {
					d.happened = append(d.happened, string(step.Happened))
				}
				if step.Chunk != nil {
					if p, err := step.Chunk.Bytes(f.Fragments); err == nil && len(p) < 20_000 {
						d.fragments = append(d.fragments, string(p))
					}
				}
			}
		}
	}
	return d, nil
}

var bits = []string{
	`"`, `\`, "\n", "\r", "\r\n", "\x00", "日本", "😀", "\u2028", "429", "overloaded", "{", "}", "[", "]", `\ud800`, `\u0000`, "quota exceeded", "'", "<html>", "1e309", "-1", "null", ",", ":", "data: ", "\xff",
	"try again in 20s", "key=sk-", "https://h/p?x=1", "\n\n", "[DONE]",
}

// mutate makes a few random changes to a text, mostly small ones.
func (d *dice) mutate(s string) string {
	for range d.IntN(4) {
		i := d.IntN(len(s) + 1)
		switch d.IntN(6) {
		case 0:
			s = s[:i]
		case 1:
			s = s[i:]
		case 2, 3:
			s = s[:i] + pick(d, bits...) + s[i:]
		case 4:
			j := min(len(s), i+d.IntN(20))
			s = s[:i] + s[j:]
		case 5:
			other := pick(d, d.fragments...)
			s = s[:i] + other[d.IntN(len(other)+1):]
		}
		s = s[:min(len(s), 30_000)]
	}
	return s
}

// loose returns a call that belongs to no session.
func (d *dice) loose() *Call {
	switch d.IntN(12) {
	case 0:
		return &Call{Name: "delay", Attempt: pick(d, int32(d.IntN(12)), -1, 1<<30)}
	case 1:
		return &Call{Name: "policy", In: []byte(d.policy())}
	case 2:
		return &Call{Name: "said", In: d.event()}
	case 3:
		return &Call{Name: "ended", In: d.event()}
	case 4:
		return &Call{Name: "classify", In: []byte(d.mutate(pick(d, d.failures...)))}
	}
	return &Call{Name: "classify", In: []byte(d.failure())}
}

// failure returns a known failure with a few members of another one.
func (d *dice) failure() string {
	var one, other map[string]json.RawMessage
	_ = json.Unmarshal([]byte(pick(d, d.failures...)), &one)
	_ = json.Unmarshal([]byte(pick(d, d.failures...)), &other)
	if one == nil {
		one = map[string]json.RawMessage{}
	}
	for name, value := range other {
		if d.chance(30) {
			one[name] = value
		}
	}
	for name, value := range one {
		var text string
		if d.chance(20) && json.Unmarshal(value, &text) == nil {
			one[name] = quoted(d.mutate(text))
		}
	}
	if d.chance(20) {
		one["status"] = json.RawMessage(fmt.Sprint(d.IntN(700)))
	}
	if d.chance(15) {
		one["headers"] = quotedPairs(pick(d, "retry-after", "Retry-After-Ms", "x-should-retry", "date", "x-ratelimit-reset-requests"),
			pick(d, "0", "1.5", "7s", "NaN", "-1", "Mon, 23 Nov 2026 12:00:30 GMT", "true", "1795435230", "644ms", "1e309"))
	}
	if d.chance(10) {
		one["now"] = json.RawMessage("1795435200000")
	}
	text, _ := json.Marshal(one)
	return string(text)
}

func quoted(s string) json.RawMessage {
	text, _ := json.Marshal(s)
	return text
}

func quotedPairs(name, value string) json.RawMessage {
	text, _ := json.Marshal(map[string]string{name: value})
	return text
}

func (d *dice) event() []byte {
	data := pick(d, d.fragments...)
	if at := strings.Index(data, "data: "); at >= 0 && d.chance(80) {
		data, _, _ = strings.Cut(data[at+6:], "\n")
	}
	text, _ := json.Marshal(map[string]string{"event": pick(d, "", "message", "error", "content_block_delta", "response.completed"), "data": d.mutate(data)})
	return text
}

var policyMembers = []string{
	`"max_attempts":3`, `"initial_delay_ms":1`, `"max_delay_ms":100`, `"max_elapsed_ms":5000`, `"max_retry_after_ms":0`, `"first_byte_timeout_ms":50`, `"silence_timeout_ms":70`, `"content_timeout_ms":90`,
	`"budget_tokens":3`, `"budget_ratio":200`, `"preset":"mux"`, `"preset":"coder"`, `"jitter":"full"`, `"jitter":"equal"`, `"after_commit":"resume"`, `"after_commit":"restart"`, `"after_commit":"fail"`,
	`"resume":"continue"`, `"resume":"last_event_id"`, `"resume":"background"`, `"resume":"custom"`, `"protocol":"anthropic"`, `"protocol":"sse"`, `"protocol":"none"`, `"bucket":"b"`, `"lenient":true`,
	`"unknown_retryable":true`, `"no_cooldown":true`, `"jitter":"ful"`, `"max_attempts":-1`, `"nothing":1`,
}

func (d *dice) policy() string {
	var members []string
	for range d.IntN(5) {
		members = append(members, pick(d, policyMembers...))
	}
	text := "{" + strings.Join(members, ",") + "}"
	if d.chance(10) {
		return d.mutate(text)
	}
	return text
}

func (d *dice) config() []byte {
	var config map[string]json.RawMessage
	_ = json.Unmarshal([]byte(pick(d, d.configs...)), &config)
	if d.chance(40) {
		config["policy"] = json.RawMessage(d.policy())
	}
	if d.chance(30) {
		config["can_reset"] = json.RawMessage(fmt.Sprint(d.chance(50)))
	}
	if d.chance(10) {
		config["recover"] = json.RawMessage("true")
	}
	if !json.Valid(config["policy"]) {
		delete(config, "policy")
	}
	config["seed"] = json.RawMessage(fmt.Sprint(d.IntN(1000)))
	text, _ := json.Marshal(config)
	return text
}

// talk makes n calls to one session, as a host that often makes mistakes.
func (d *dice) talk(h host, n int, ask func(*Call) (Answer, error)) error {
	number := h.(*native).made()
	if _, err := ask(&Call{Name: "session_new", In: d.config()}); err != nil || h.(*native).sessions[number] == nil {
		return err
	}
	now, attempt := int64(1_800_000_000_000+d.IntN(1_000_000)), int32(0)
	var last struct {
		Do      string `json:"do"`
		Attempt int32  `json:"attempt"`
		TimerAt int64  `json:"timer_at"`
	}
	body := ""
	for range n {
		c := &Call{Session: number, Now: float64(now), Attempt: attempt}
		switch what := d.IntN(20); {
		case attempt == 0 && what < 15:
			c.Name, c.In = "session_event", d.what("start", now, 0)
		case last.Do == "wait" && what < 10:
			now = max(now, last.TimerAt)
			c.Name, c.In = "session_event", d.what("timer", now, attempt)
		case last.Do == "open" && what < 13:
			c.Name, c.In = "session_event", d.what(pick(d, "response", "response", "response", "error"), now, attempt)
		case what < 11:
			if body == "" {
				for range 1 + d.IntN(4) {
					body += pick(d, d.fragments...)
				}
				if d.chance(20) {
					body = d.mutate(body)
				}
			}
			cut := min(len(body), 1+d.IntN(pick(d, 3, 50, 500, 5000)))
			c.Name, c.In = "session_chunk", []byte(body[:cut])
			body = body[cut:]
			if d.chance(3) {
				c.Attempt += int32(d.IntN(3)) - 1
			}
		case what < 14:
			now += int64(pick(d, 0, 1, 50, 2000, 700_000, -5000))
			c.Name, c.In = "session_event", d.what(pick(d, "end", "end", "error", "timer", "timer", "timer", "response"), now, attempt)
		case what < 15:
			c.Name, c.In = "session_event", d.what(pick(d, "retry_now", "online", "offline", "manual", "automatic", "probe_lost", "recovered", "success", "failed", "stop", "abort", "nonsense"), now, attempt)
		case what < 16:
			c.Name, c.In = "session_event", []byte(d.mutate(pick(d, d.happened...)))
		case what < 17:
			c.Name = pick(d, "session_snapshot", "session_about", "session_ending")
		case what < 18:
			c.Name, c.In = "session_rewrite", []byte(d.mutate(`{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}`))
		case what < 19:
			c.Name, c.In = "session_body", []byte(d.mutate(`{"model":"m","stream":true,"messages":[]}`))
			if attempt > 0 {
				c.Name = "session_snapshot"
			}
		default:
			c.Name, c.In = "share", []byte(fmt.Sprintf(`{"bucket":"%x","until":%d}`, d.Uint64(), now+int64(d.IntN(5000))))
		}
		a, err := ask(c)
		if err != nil {
			return err
		}
		if c.Name == "session_event" || c.Name == "session_chunk" {
			said := last
			said.Do = ""
			a.result(&said)
			if said.Do != "" {
				last = said
			}
			if attempt != last.Attempt {
				body = ""
			}
			attempt = last.Attempt
		}
	}
	_, err := ask(&Call{Name: "session_free", Session: number})
	return err
}

func (h *native) made() int { return len(h.sessions) }

// what returns a Happened in JSON.
func (d *dice) what(what string, now int64, attempt int32) []byte {
	happened := map[string]any{"what": what, "now": now}
	if attempt > 0 {
		happened["attempt"] = attempt
	}
	switch what {
	case "response":
		happened["status"] = pick(d, 200, 200, 200, 200, 200, 204, 302, 400, 401, 409, 429, 500, 503, 529)
		headers := map[string]string{"content-type": pick(d, "text/event-stream", "text/event-stream", "text/event-stream", "application/json", "text/html", "", "image/png")}
		if d.chance(30) {
			headers[pick(d, "retry-after", "retry-after-ms", "x-vercel-ai-ui-message-stream")] = pick(d, "1", "0.5", "700", "v1", "Mon, 23 Nov 2026 12:00:30 GMT")
		}
		happened["headers"] = headers
	case "error":
		happened["error"] = map[string]any{"name": pick(d, "TypeError", "AbortError", "Error"), "message": pick(d, "fetch failed", "terminated", "Failed to fetch", "unexpected redirect", d.mutate("read ECONNRESET")), "code": pick(d, "", "ECONNRESET", "UND_ERR_BODY_TIMEOUT")}
	case "failed":
		happened["failure"] = json.RawMessage(d.failure())
	case "recovered":
		if d.chance(50) {
			happened["request"] = map[string]any{"method": "POST", "url": "https://y.example/v1/messages", "body": `{"stream":true,"max_tokens":1}`}
		}
	}
	text, _ := json.Marshal(happened)
	return text
}
