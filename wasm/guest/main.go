// Command guest is the module: it exports the engine to any WebAssembly host,
// as wasm/ABI.md describes. It translates and decides nothing.
package main

import (
	"errors"
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// abiVersion changes when a host of the last version could go wrong.
const abiVersion = 2

const (
	maxInput = 16 << 20
	maxChunk = 1 << 20
)

var (
	input  []byte // what the host writes to
	output []byte // the last result
	group  session.Group

	// sessions are found by handle: the low 16 bits say where, the rest which
	// of those that were there, so that a stale handle is told from a new one.
	sessions []*slot
	free     []uint16
)

// slot holds a session or the reader of a consumer.
type slot struct {
	session *session.Session
	reader  *consumer
	handle  int32
}

// table is numbers for the host: moves, or events.
var table []int32

//go:wasmexport abi_version
func abiVersionOf() int32 { return abiVersion }

//go:wasmexport buffer
func buffer(n int32) unsafe.Pointer {
	if n < 0 || n > maxInput {
		return nil
	}
	if int(n) > cap(input) {
		input = make([]byte, n, max(int(n), 64<<10))
	} else if cap(input) > maxChunk && n <= 64<<10 {
		input = make([]byte, 64<<10) // a large body is not kept for ever
	}
	input = input[:cap(input)]
	if len(input) == 0 {
		input = make([]byte, 64<<10)
	}
	return unsafe.Pointer(unsafe.SliceData(input))
}

//go:wasmexport result
func result() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(output)) }

const notJSON = "the input is not a JSON object, or longer than the buffer"

// object is the input as a string of its own: a session may keep parts of it.
func object(n int32) (v jsonscan.Value, err error) {
	if n >= 0 && int(n) <= len(input) {
		v = jsonscan.Parse(string(input[:n]))
	}
	if v.Kind() != jsonscan.Object {
		err = errors.New(notJSON)
	}
	return v, err
}

// take reads the input into the struct at p.
func take(n int32, p unsafe.Pointer, s shape) error {
	v, err := object(n)
	if err == nil {
		err = read(v, p, s, 0)
	}
	return err
}

// give makes the struct at p the result, and tells its length.
func give(p unsafe.Pointer, s shape) int32 {
	output = output[:0]
	write(p, s)
	return int32(len(output))
}

// refuse answers with an error. Its length is given as a negative number.
func refuse(why string) int32 {
	output = output[:0]
	puts(`{"error":`)
	quote(why)
	put('}')
	return -int32(len(output))
}

//go:wasmexport classify
func classifyFailure(n int32) int32 {
	f := &classify.Failure{}
	if err := take(n, unsafe.Pointer(f), failureShape); err != nil {
		return refuse(err.Error())
	}
	verdict := &classify.Verdict{}
	classify.ClassifyTo(f, verdict)
	return give(unsafe.Pointer(verdict), verdictShape)
}

//go:wasmexport explain
func explain(n int32) int32 {
	f := &classify.Failure{}
	if err := take(n, unsafe.Pointer(f), failureShape); err != nil {
		return refuse(err.Error())
	}
	trail := classify.Explain(*f)
	output = output[:0]
	puts(`{"verdict":`)
	write(unsafe.Pointer(&trail.Verdict), verdictShape)
	for i := range trail.Steps {
		if i == 0 {
			puts(`,"steps":[`)
		} else {
			put(',')
		}
		write(unsafe.Pointer(&trail.Steps[i]), stepShape)
	}
	if len(trail.Steps) > 0 {
		put(']')
	}
	put('}')
	return int32(len(output))
}

//go:wasmexport said
func said(n int32) int32 {
	e := &classify.Event{}
	if err := take(n, unsafe.Pointer(e), eventShape); err != nil {
		return refuse(err.Error())
	}
	s := protocol.Say(e.Event, e.Data)
	return give(unsafe.Pointer(&spoken{string(s.Text), string(s.Reasoning)}), saidShape)
}

//go:wasmexport ended
func ended(n int32) int32 {
	e := &classify.Event{}
	if err := take(n, unsafe.Pointer(e), eventShape); err != nil {
		return refuse(err.Error())
	}
	ending := protocol.Ending{}
	ending.Read(e.Data)
	return give(unsafe.Pointer(&ending), endingShape)
}

//go:wasmexport delay
func delay(attempt int32) int32 { return int32(retry.Delay(int(attempt)).Milliseconds()) }

//go:wasmexport policy
func policyOf(n int32) int32 {
	p := &retry.Policy{}
	v, err := object(n)
	if err == nil {
		err = p.UnmarshalJSON([]byte(v))
	}
	if err == nil {
		err = p.Fill()
	}
	if err != nil {
		return refuse(err.Error())
	}
	output, _ = p.MarshalJSON()
	return int32(len(output))
}

//go:wasmexport session_new
func sessionNew(n int32) int32 {
	cfg := &session.Config{}
	err := take(n, unsafe.Pointer(cfg), configShape)
	var s *session.Session
	if err == nil {
		s, err = session.NewSession(cfg, &group)
	}
	if err != nil {
		return refuse(err.Error())
	}
	slot := occupy()
	if slot == nil {
		return refuse("too many sessions are open: free them with session_free")
	}
	slot.session = s
	return slot.handle
}

// occupy finds a slot that is free and gives it a new handle.
func occupy() *slot {
	if len(free) == 0 {
		if len(sessions) > 0xFFFF {
			return nil
		}
		sessions = append(sessions, &slot{handle: int32(len(sessions))})
		free = append(free, uint16(len(sessions)-1))
	}
	at := free[len(free)-1]
	free = free[:len(free)-1]
	slot := sessions[at]
	slot.handle = (slot.handle + 0x10000) & 0x7FFFFFFF
	if slot.handle>>16 == 0 {
		slot.handle += 0x10000 // 0 is no handle
	}
	return slot
}

// vacate frees the slot of a handle.
func vacate(h int32) {
	*sessions[h&0xFFFF] = slot{handle: h}
	free = append(free, uint16(h&0xFFFF))
}

// slotOf is the slot of a handle, nil for one that is not in use.
func slotOf(h int32) *slot {
	if at := int(h & 0xFFFF); h > 0 && at < len(sessions) && sessions[at].handle == h {
		return sessions[at]
	}
	return nil
}

func find(h int32) *slot {
	if s := slotOf(h); s != nil && s.session != nil {
		return s
	}
	return nil
}

const unknownHandle = "no such session: the handle is wrong or was freed"

//go:wasmexport session_body
func sessionBody(h, n int32) int32 {
	slot := find(h)
	if slot == nil || n < 0 || int(n) > len(input) {
		return refuse(unknownHandle)
	}
	slot.session.Body(input[:n])
	return 0
}

//go:wasmexport session_event
func sessionEvent(h, n int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	what := &session.Happened{}
	if err := take(n, unsafe.Pointer(what), happenedShape); err != nil {
		return refuse(err.Error())
	}
	return give(unsafe.Pointer(slot.session.Step(what)), answerShape)
}

//go:wasmexport session_chunk
func sessionChunk(h, attempt, n int32, now float64) int32 {
	slot := find(h)
	if slot == nil || n < 0 || int(n) > len(input) || n > maxChunk {
		return -give(unsafe.Pointer(&session.Answer{Do: session.DoNothing}), answerShape)
	}
	ready, a := slot.session.Chunk(int(attempt), millis(now), input[:n])
	if a == nil {
		return int32(ready)
	}
	return -give(unsafe.Pointer(a), answerShape)
}

// sessionMoves gives the moves of the last call as numbers: how many, then
// three for each; or nil if there are none.
//
//go:wasmexport session_moves
func sessionMoves(h int32) unsafe.Pointer {
	slot := find(h)
	if slot == nil {
		return nil
	}
	moves := slot.session.Moves()
	if len(moves) == 0 {
		return nil
	}
	table = append(table[:0], int32(len(moves)))
	for i := range moves {
		m := &moves[i]
		third := int32(m.Behind)
		if m.Do == session.MovePut {
			third = int32(uintptr(unsafe.Pointer(unsafe.SliceData(m.Put))))
		}
		table = append(table, int32(m.Do), int32(m.N), third)
	}
	return unsafe.Pointer(unsafe.SliceData(table))
}

//go:wasmexport session_snapshot
func sessionSnapshot(h int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	return give(unsafe.Pointer(slot.session.Snapshot()), snapshotShape)
}

//go:wasmexport session_ending
func sessionEnding(h int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	return give(unsafe.Pointer(slot.session.Ending()), endingShape)
}

//go:wasmexport session_rewrite
func sessionRewrite(h, n int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	if n < 0 || int(n) > len(input) {
		return refuse(notJSON)
	}
	body, ok := slot.session.Rewrite(string(input[:n]))
	if !ok {
		return refuse("the body has no list of messages that could be continued")
	}
	output = append(output[:0], body...)
	return int32(len(output))
}

//go:wasmexport session_free
func sessionFree(h int32) {
	if find(h) != nil {
		vacate(h)
	}
}

//go:wasmexport share
func share(n int32) int32 {
	s := &session.Shared{}
	if err := take(n, unsafe.Pointer(s), sharedShape); err != nil {
		return refuse(err.Error())
	}
	group.Hear(s)
	return give(unsafe.Pointer(s), sharedShape)
}

// millis reads a host's clock. Conversion of a float that does not fit is
// undefined in Go, so it is bounded first; what is not a number becomes 0.
func millis(now float64) int64 {
	if now > -1e15 && now < 1e15 {
		return int64(now)
	}
	return 0
}
