// Package wasmhost runs a module on wazero by ABI.md alone, so that tests can pass it
// any bytes, and can run other builds of it, with wazero's WASI if a build imports it.
// Programs use package wasm instead.
package wasmhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
	engine "github.com/steadfetch/steadfetch/retry/session"
)

// Module is a compiled module.
type Module struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// Compile returns a Module. If it is interruptible, a call ends in an error when the
// context of its instance is done, but calls are ten times slower.
func Compile(ctx context.Context, module []byte, interruptible bool) (*Module, error) {
	m := &Module{runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(interruptible))}
	code, err := m.runtime.CompileModule(ctx, module)
	if err == nil && len(code.ImportedFunctions()) > 0 {
		_, err = wasi_snapshot_preview1.Instantiate(ctx, m.runtime)
	}
	if err != nil {
		return nil, errors.Join(err, m.runtime.Close(ctx))
	}
	m.code = code
	return m, nil
}

// Close frees the module and its instances.
func (m *Module) Close(ctx context.Context) error { return m.runtime.Close(ctx) }

// New creates an instance.
func (m *Module) New(ctx context.Context) (*Instance, error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	module, err := m.runtime.InstantiateModule(ctx, m.code, config)
	if err != nil {
		return nil, err
	}
	i := &Instance{ctx: ctx, module: module}
	if version, err := i.Call("abi_version"); err != nil || version != 3 {
		return nil, fmt.Errorf("wasmhost: version %d: %w", version, err)
	}
	return i, nil
}

// ErrMissing is returned for a function that the module does not export.
var ErrMissing = errors.New("wasmhost: there is no such function")

// Instance is a running module, a vectors.Host.
type Instance struct {
	ctx    context.Context
	module api.Module
}

// Call calls an exported function. All arguments are i32, except now, the last one of
// session_chunk. An error means a trap.
func (i *Instance) Call(name string, args ...uint64) (int32, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return 0, fmt.Errorf("%w: %s", ErrMissing, name)
	}
	results, err := f.Call(i.ctx, args...)
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return int32(uint32(results[0])), nil
}

// Memory returns the size of the memory in bytes.
func (i *Instance) Memory() int { return int(i.module.Memory().Size()) }

// Put writes p to the buffer and returns its length.
func (i *Instance) Put(p []byte) (n uint64, err error) {
	at, err := i.Call("buffer", uint64(len(p)))
	if err != nil {
		return 0, err
	}
	if at == 0 || !i.module.Memory().Write(uint32(at), p) {
		return 0, fmt.Errorf("wasmhost: no buffer of %d bytes at %d", len(p), at)
	}
	return uint64(len(p)), nil
}

// Get returns the n bytes at the address that the function at returns; a negative n
// means a Refusal.
func (i *Instance) Get(n int32, at string, args ...uint64) ([]byte, error) {
	address, err := i.Call(at, args...)
	if err != nil {
		return nil, err
	}
	p, ok := i.module.Memory().Read(uint32(address), uint32(max(n, -n)))
	if !ok {
		return nil, fmt.Errorf("wasmhost: %d bytes at %d lie outside the memory", n, address)
	}
	if n < 0 {
		var refusal struct{ Error string }
		if err := json.Unmarshal(p, &refusal); err != nil || refusal.Error == "" {
			return nil, fmt.Errorf("wasmhost: an unreadable refusal, %q: %w", p, err)
		}
		return nil, vectors.Refusal(refusal.Error)
	}
	return append([]byte(nil), p...), nil
}

// Read returns the n bytes at the address that the function at returns.
func (i *Instance) Read(n int32, at string) ([]byte, error) {
	address, err := i.Call(at)
	if err != nil {
		return nil, err
	}
	return i.At(address, n)
}

// At returns a copy of n bytes of the memory.
func (i *Instance) At(address, n int32) ([]byte, error) {
	p, ok := i.module.Memory().Read(uint32(address), uint32(n))
	if !ok {
		return nil, fmt.Errorf("wasmhost: %d bytes at %d lie outside the memory", n, address)
	}
	return append([]byte(nil), p...), nil
}

// answer returns the n bytes of JSON at result.
func (i *Instance) answer(n int32) ([]byte, error) {
	p, err := i.Get(n, "result")
	if err == nil && !json.Valid(p) {
		err = fmt.Errorf("wasmhost: an answer that is not JSON: %q", p)
	}
	return p, err
}

// Cold calls a function whose input, after other arguments, and result are JSON.
func (i *Instance) Cold(name string, in []byte, args ...uint64) ([]byte, error) {
	n, err := i.Put(in)
	if err != nil {
		return nil, err
	}
	length, err := i.Call(name, append(args, n)...)
	if err != nil {
		return nil, err
	}
	return i.answer(length)
}

// Classify calls classify.
func (i *Instance) Classify(failure []byte) ([]byte, error) { return i.Cold("classify", failure) }

// Policy calls policy.
func (i *Instance) Policy(policy []byte) ([]byte, error) { return i.Cold("policy", policy) }

// Share calls share.
func (i *Instance) Share(shared []byte) error {
	_, err := i.Cold("share", shared)
	return err
}

// Delay calls delay.
func (i *Instance) Delay(attempt int) (int64, error) {
	ms, err := i.Call("delay", uint64(uint32(int32(attempt))))
	return int64(ms), err
}

// Close frees the instance.
func (i *Instance) Close() error { return i.module.Close(i.ctx) }

// NewSession calls session_new.
func (i *Instance) NewSession(config []byte) (vectors.Session, error) {
	n, err := i.Put(config)
	if err != nil {
		return nil, err
	}
	handle, err := i.Call("session_new", n)
	if err != nil {
		return nil, err
	}
	if handle <= 0 {
		_, err := i.Get(handle, "result")
		return nil, err
	}
	return &session{i: i, handle: uint64(handle)}, nil
}

type session struct {
	i       *Instance
	handle  uint64
	held    engine.Queue
	attempt int // the open one; chunks of others are dropped
	bytes   []byte
}

func (s *session) Step(happened []byte) ([]byte, error) {
	answer, err := s.i.Cold("session_event", happened, s.handle)
	if err != nil {
		return nil, err
	}
	return answer, s.take(answer, 0)
}

func (s *session) Chunk(attempt int, now int64, p []byte) (int, []byte, error) {
	length, err := s.i.Put(p)
	if err != nil {
		return 0, nil, err
	}
	n, err := s.i.Call("session_chunk", s.handle, uint64(uint32(int32(attempt))), length, math.Float64bits(float64(now)))
	if err != nil {
		return 0, nil, err
	}
	if attempt == s.attempt {
		s.held.Add(p)
	}
	var answer []byte
	if n < 0 {
		if answer, err = s.i.answer(-n); err != nil {
			return 0, nil, err
		}
		n = 0
	}
	err = s.take(answer, n)
	return len(s.bytes), answer, err
}

// take applies the module's moves to the held bytes: n bytes are released, or as many
// as the answer says.
func (s *session) take(answer []byte, n int32) error {
	a := struct {
		Do      engine.Do
		Bytes   int32
		Attempt int
	}{Do: engine.DoNothing, Bytes: n}
	if answer != nil {
		if err := json.Unmarshal(answer, &a); err != nil {
			return err
		}
	}
	moves, err := s.moves()
	if err != nil {
		return err
	}
	s.bytes = append([]byte(nil), s.held.Take(int(a.Bytes), moves)...)
	switch a.Do {
	case engine.DoNothing, engine.DoRead:
	case engine.DoOpen:
		s.held.Reset()
		s.attempt = a.Attempt
	default:
		s.attempt = 0
	}
	return nil
}

// moves reads the moves of the last call.
func (s *session) moves() (moves []engine.Move, err error) {
	at, err := s.i.Call("session_moves", s.handle)
	if err != nil || at == 0 {
		return nil, err
	}
	memory := s.i.module.Memory()
	number := func(place uint32) int { n, _ := memory.ReadUint32Le(uint32(at) + 4*place); return int(int32(n)) }
	for place := uint32(1); place <= 3*uint32(number(0)); place += 3 {
		m := engine.Move{Do: engine.MoveKind(number(place)), N: number(place + 1)}
		if third := number(place + 2); m.Do == engine.MovePut {
			m.Put, _ = memory.Read(uint32(third), uint32(m.N))
		} else {
			m.Behind = third
		}
		moves = append(moves, m)
	}
	return moves, nil
}

func (s *session) Bytes() []byte { return s.bytes }

// Held returns how many bytes the host holds for the session.
func (s *session) Held() int { return s.held.Len() }

func (s *session) Snapshot() ([]byte, error) {
	n, err := s.i.Call("session_snapshot", s.handle)
	if err != nil {
		return nil, err
	}
	return s.i.answer(n)
}

func (s *session) Rewrite(body string) (string, error) {
	n, err := s.i.Put([]byte(body))
	if err != nil {
		return "", err
	}
	length, err := s.i.Call("session_rewrite", s.handle, n)
	if err != nil {
		return "", err
	}
	rewritten, err := s.i.Get(length, "result")
	return string(rewritten), err
}

func (s *session) Close() error {
	_, err := s.i.Call("session_free", s.handle)
	return err
}
