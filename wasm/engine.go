// Package wasm is the engine for Go programs that want to run the same module
// that browsers run: steadfetch.wasm, embedded, on wazero, without cgo.
//
// Its main use is a transport that behaves exactly as a page does:
//
//	engine, err := wasm.NewEngine(ctx)
//	…
//	client := &http.Client{Transport: &transport.Transport{Engine: engine}}
//
// Go programs do not need it to use steadfetch: packages classify, retry and
// transport are the same code, compiled by Go, and faster. An Engine is also for
// hosts of other kinds, which drive a [Session] themselves, and for the tests
// that compare the two.
package wasm

import (
	"context"
	_ "embed" // for the module
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Module is steadfetch.wasm. Its interface is described in ABI.md.
//
//go:embed steadfetch.wasm
var Module []byte

// abiVersion is the version of ABI.md that this host supports.
const abiVersion = 3

var (
	// ErrTrapped is returned by a call in which the module trapped, and from then on
	// by every session of the same instance. The Engine continues with a new
	// instance, which has no record of earlier cool-downs.
	ErrTrapped = errors.New("wasm: the module trapped")
	// ErrClosed is returned by an Engine or a Session that was closed.
	ErrClosed = errors.New("wasm: closed")
	// ErrVersion is returned by NewEngine if the module has another ABI version.
	ErrVersion = errors.New("wasm: the module has another ABI version")
)

// RefusedError is the error of an input that the module rejected, with the reason.
// The call changed nothing.
type RefusedError struct{ Reason string }

// Error includes the Reason.
func (e *RefusedError) Error() string { return "wasm: refused: " + e.Reason }

// compiled caches the compiled module for all engines of the process.
var compiled = sync.OnceValue(wazero.NewCompilationCache)

// Engine is one instance of the module. Its sessions share an origin's cool-down,
// as those of a session.Group do. It is safe for concurrent use; calls run one
// after another.
type Engine struct {
	mu      sync.Mutex
	ctx     context.Context
	runtime wazero.Runtime
	code    wazero.CompiledModule
	inst    *instance // nil after a trap
	closed  bool
}

// NewEngine creates an instance of the module, which is compiled once per process.
// Only the values of ctx are used, not its cancellation: a call cannot be
// interrupted, and need not be, since none blocks.
func NewEngine(ctx context.Context) (*Engine, error) { return newEngine(ctx, Module) }

func newEngine(ctx context.Context, module []byte) (*Engine, error) {
	ctx = context.WithoutCancel(ctx)
	e := &Engine{ctx: ctx, runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compiled()))}
	var err error
	if e.code, err = e.runtime.CompileModule(ctx, module); err == nil {
		e.inst, err = e.instantiate()
	}
	if err != nil {
		_ = e.runtime.Close(ctx) // the first error is the one to report
		return nil, err
	}
	return e, nil
}

// Close frees the memory of the instance. Its sessions fail with ErrClosed.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	return e.runtime.Close(e.ctx)
}

// Classify is classify.Classify.
func (e *Engine) Classify(f classify.Failure) (classify.Verdict, error) {
	var v classify.Verdict
	err := e.cold("classify", f, &v)
	return v, err
}

// Explain is classify.Explain.
func (e *Engine) Explain(f classify.Failure) (classify.Trail, error) {
	var trail classify.Trail
	err := e.cold("explain", f, &trail)
	return trail, err
}

// Policy returns p with every default filled in, or a RefusedError if a field is
// invalid.
func (e *Engine) Policy(p retry.Policy) (retry.Policy, error) {
	var filled retry.Policy
	err := e.cold("policy", p, &filled)
	return filled, err
}

// Share applies what another process or tab shared. Afterwards report
// session.OnTimer to the sessions whose Config.ID is in wake.
func (e *Engine) Share(s session.Shared) (wake []int, err error) {
	err = e.cold("share", s, &s)
	return s.Wake, err
}

// Delay is retry.Delay.
func (e *Engine) Delay(attempt int) (time.Duration, error) {
	const most = 1 << 30 // far above the attempt at which the delay stops growing
	var ms int32
	err := e.use(func(i *instance) error {
		ms = i.call("delay", uint64(uint32(int32(min(max(attempt, -1), most)))))
		return nil
	})
	return time.Duration(ms) * time.Millisecond, err
}

// cold calls a function whose input and result are JSON.
func (e *Engine) cold(name string, in, out any) error {
	return e.use(func(i *instance) error {
		n, err := i.put(in)
		if err != nil {
			return err
		}
		return i.get(i.call(name, n), out)
	})
}

// use runs fn with an instance, a new one if the last one has trapped.
func (e *Engine) use(fn func(*instance) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	if e.inst == nil {
		inst, err := e.instantiate()
		if err != nil {
			return err
		}
		e.inst = inst
	}
	return e.inst.use(fn)
}

func (e *Engine) instantiate() (*instance, error) {
	// Without a name, a runtime can have any number of instances.
	mod, err := e.runtime.InstantiateModule(e.ctx, e.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, fmt.Errorf("wasm: the module does not start: %w", err)
	}
	i := &instance{engine: e, module: mod, functions: map[string]api.Function{}}
	var version int32
	err = i.use(func(i *instance) error { version = i.call("abi_version"); return nil })
	if err == nil && version != abiVersion {
		err = fmt.Errorf("%w: %d, not %d", ErrVersion, version, abiVersion)
	}
	if err != nil {
		_ = mod.Close(e.ctx)
		return nil, err
	}
	return i, nil
}

// instance is one instantiated module, used under its engine's lock. Its methods
// panic with a trap if the module misbehaves; use recovers.
type instance struct {
	engine    *Engine
	module    api.Module
	functions map[string]api.Function
	stack     [4]uint64
	trapped   bool
}

// trap is the panic value of an instance's methods.
type trap struct{ err error }

// use runs fn, and discards the instance if fn traps.
func (i *instance) use(fn func(*instance) error) (err error) {
	defer func() {
		switch caught := recover().(type) {
		case nil:
		case trap:
			i.trapped = true
			if i.engine.inst == i {
				i.engine.inst = nil
			}
			_ = i.module.Close(i.engine.ctx)
			err = fmt.Errorf("%w: %w", ErrTrapped, caught.err)
		default:
			panic(caught)
		}
	}()
	return fn(i)
}

func (i *instance) call(name string, args ...uint64) int32 {
	f := i.functions[name]
	if f == nil {
		if f = i.module.ExportedFunction(name); f == nil {
			panic(trap{errors.New("it has no function " + name)})
		}
		i.functions[name] = f
	}
	copy(i.stack[:], args)
	if err := f.CallWithStack(i.engine.ctx, i.stack[:]); err != nil {
		panic(trap{err})
	}
	return int32(uint32(i.stack[0]))
}

// put writes in to the module as JSON, and returns the length.
func (i *instance) put(in any) (n uint64, err error) {
	text, err := json.Marshal(in)
	if err != nil {
		return 0, fmt.Errorf("wasm: %w", err)
	}
	return i.write(text)
}

// write writes p to the module's buffer, and returns the length.
func (i *instance) write(p []byte) (n uint64, err error) {
	at := i.call("buffer", uint64(len(p)))
	if at == 0 {
		return 0, &RefusedError{fmt.Sprintf("an input of %d bytes is too long", len(p))}
	}
	if !i.module.Memory().Write(uint32(at), p) {
		panic(trap{errors.New("its buffer lies outside its memory")})
	}
	return uint64(len(p)), nil
}

// get reads a cold call's result, which is a refusal if n is negative.
func (i *instance) get(n int32, out any) error {
	if n < 0 {
		var refusal struct{ Error string }
		if err := i.get(-n, &refusal); err != nil {
			return err
		}
		return &RefusedError{refusal.Error}
	}
	if err := json.Unmarshal(i.read(i.call("result"), n), out); err != nil {
		panic(trap{fmt.Errorf("its answer cannot be read: %w", err)})
	}
	return nil
}

// read returns a view of n bytes of memory, valid until the next call.
func (i *instance) read(at, n int32) []byte {
	p, ok := i.module.Memory().Read(uint32(at), uint32(n))
	if !ok {
		panic(trap{errors.New("its answer lies outside its memory")})
	}
	return p
}
