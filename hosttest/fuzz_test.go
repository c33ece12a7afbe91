package hosttest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
	"github.com/steadfetch/steadfetch/hosttest/wasmhost"
	"github.com/steadfetch/steadfetch/wasm"
)

// FuzzExports reads its bytes as a program, a list of calls. Each call is a byte that
// selects the function, a byte that selects the session, the length of its input in
// two bytes, and the input.
const (
	callNew = iota
	callEvent
	callChunk
	callSnapshot
	callRewrite
	callShare
	callPolicy
	callClassify
	callFree
	callRaw // any export, with any arguments
	calls
)

func instruction(program []byte, call, session int, input []byte) []byte {
	program = append(program, byte(call), byte(session))
	program = binary.LittleEndian.AppendUint16(program, uint16(len(input)))
	return append(program, input...)
}

// chunkInput returns the input of callChunk: the attempt, the time, the bytes.
func chunkInput(attempt int, now int64, p []byte) []byte {
	in := binary.LittleEndian.AppendUint64([]byte{byte(attempt)}, math.Float64bits(float64(now)))
	return append(in, p...)
}

// exports lists what callRaw can call, with the number of arguments.
var exports = []struct {
	name      string
	arguments int
}{
	{"abi_version", 0},
	{"buffer", 1},
	{"result", 0},
	{"classify", 1},
	{"explain", 1},
	{"said", 1},
	{"ended", 1},
	{"delay", 1},
	{"policy", 1},
	{"session_new", 1},
	{"session_event", 2},
	{"session_chunk", 4},
	{"session_bytes", 1},
	{"session_snapshot", 1},
	{"session_about", 1},
	{"session_rewrite", 2},
	{"session_ending", 1},
	{"session_free", 1},
	{"share", 1},
	{"session_body", 2},
	{"session_moves", 1},
	{"reader_new", 0},
	{"reader_feed", 2},
	{"reader_events", 2},
	{"reader_rest", 1},
	{"events", 0},
	{"reader_free", 1},
}

// most is the largest memory of an instance that plays a program of at most 64 KiB.
// The largest buffer that a host can request is 16 MiB.
const most = 64 << 20

func FuzzExports(f *testing.F) {
	files, err := vectors.Load("../testdata/sessions")
	require.NoError(f, err)
	for _, file := range files {
		for _, vector := range file.Vectors {
			f.Add(program(f, file, vector))
		}
	}
	for i, failure := range corpus(f) {
		if i%10 == 0 {
			f.Add(instruction(nil, callClassify, 0, []byte(mustJSON(f, failure))))
		}
	}
	for i, export := range exports {
		for _, argument := range []int32{0, 1, -1, math.MaxInt32, math.MinInt32, 1 << 24, 1<<20 + 1} {
			in := []byte{byte(i)}
			for range export.arguments {
				in = binary.LittleEndian.AppendUint32(in, uint32(argument))
			}
			f.Add(instruction(nil, callRaw, 0, in))
		}
	}
	ctx := context.Background()
	module, err := wasmhost.Compile(ctx, wasm.Module, true)
	require.NoError(f, err)
	f.Cleanup(func() { _ = module.Close(ctx) })
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 64<<10 {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // a call that does not end is an error too
		defer cancel()
		i, err := module.New(ctx)
		require.NoError(t, err)
		defer i.Close()
		run(t, i, program)
		require.LessOrEqual(t, i.Memory(), most)
		// Whatever happened, the instance still works.
		verdict, err := i.Classify([]byte(`{"status":529}`))
		require.NoError(t, err)
		require.Contains(t, string(verdict), `"overloaded"`)
	})
}

// program returns a vector's calls as a program.
func program(t testing.TB, file *vectors.File, vector *vectors.Vector) (p []byte) {
	t.Helper()
	for _, step := range vector.Steps {
		switch {
		case step.New != nil:
			p = instruction(p, callNew, 0, step.New)
		case step.Happened != nil:
			p = instruction(p, callEvent, step.Session, step.Happened)
		case step.Chunk != nil:
			bytes, err := step.Chunk.Bytes(file.Fragments)
			require.NoError(t, err)
			p = instruction(p, callChunk, step.Session, chunkInput(step.Attempt, step.Now, bytes[:min(len(bytes), 2000)]))
		case step.Snapshot:
			p = instruction(p, callSnapshot, step.Session, nil)
		case step.Rewrite != nil:
			p = instruction(p, callRewrite, step.Session, []byte(*step.Rewrite))
		case step.Share != nil:
			p = instruction(p, callShare, 0, step.Share)
		case step.Policy != nil:
			p = instruction(p, callPolicy, 0, step.Policy)
		}
	}
	for session := range 2 { // the last call uses a session that was freed
		p = instruction(p, callFree, session, nil)
		p = instruction(p, callSnapshot, session, nil)
	}
	return p
}

// run plays a program. Every answer must be JSON inside the memory; any input may be
// refused.
func run(t *testing.T, i *wasmhost.Instance, program []byte) {
	t.Helper()
	var sessions []vectors.Session
	check := func(err error) {
		t.Helper()
		var refusal vectors.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatal(err)
		}
	}
	for len(program) >= 4 {
		call, at := program[0]%calls, int(program[1])
		n := min(int(binary.LittleEndian.Uint16(program[2:])), len(program)-4)
		input := program[4 : 4+n]
		program = program[4+n:]
		var err error
		switch call {
		case callNew:
			var s vectors.Session
			if s, err = i.NewSession(input); err == nil {
				sessions = append(sessions, s)
			}
		case callShare:
			err = i.Share(input)
		case callPolicy:
			_, err = i.Policy(input)
		case callClassify:
			var verdict []byte
			if verdict, err = i.Classify(input); err == nil {
				var v map[string]any
				require.NoError(t, json.Unmarshal(verdict, &v))
				require.NotEmpty(t, v["kind"])
			}
		case callRaw:
			if len(input) == 0 {
				continue
			}
			export := exports[int(input[0])%len(exports)]
			raw := append(append([]byte(nil), input[1:]...), make([]byte, 20)...)
			var arguments []uint64
			for a := range export.arguments {
				if a == 3 { // now
					arguments = append(arguments, binary.LittleEndian.Uint64(raw[12:]))
				} else {
					arguments = append(arguments, uint64(binary.LittleEndian.Uint32(raw[4*a:])))
				}
			}
			if _, err := i.Call(export.name, arguments...); err != nil && !errors.Is(err, wasmhost.ErrMissing) {
				t.Fatalf("%s(%d): %v", export.name, arguments, err)
			}
		default:
			if len(sessions) == 0 {
				continue
			}
			s := sessions[at%len(sessions)]
			switch call {
			case callEvent:
				_, err = s.Step(input)
			case callChunk:
				if len(input) < 9 {
					continue
				}
				_, _, err = s.Chunk(int(int8(input[0])), int64(math.Float64frombits(binary.LittleEndian.Uint64(input[1:9]))), input[9:])
			case callSnapshot:
				_, err = s.Snapshot()
			case callRewrite:
				_, err = s.Rewrite(string(input))
			case callFree:
				err = s.Close()
			}
		}
		check(err)
	}
}
