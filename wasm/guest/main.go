// Command guest is the module: it exports the engine to any WebAssembly host, as
// wasm/ABI.md describes. It only translates; it decides nothing.
package main

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/wire"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// abiVersion changes with every change that could break a host of the last version.
const abiVersion = 3

const (
	maxInput = 16 << 20
	maxChunk = 1 << 20
)

var (
	input  []byte      // the host writes here
	output wire.Writer // the last result
	group  session.Group

	// sessions are found by handle: the low 16 bits are the index, the rest counts
	// the uses of that slot, so that a stale handle does not match a new session.
	sessions []*slot
	free     []uint16
)

// slot is the place of a session or of a consumer's reader.
type slot struct {
	session *session.Session
	reader  *consumer
	handle  int32
}

// table is the last moves as numbers for the host.
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
		input = make([]byte, 64<<10) // do not keep a large buffer
	}
	input = input[:cap(input)]
	if len(input) == 0 {
		input = make([]byte, 64<<10)
	}
	return unsafe.Pointer(unsafe.SliceData(input))
}

//go:wasmexport result
func result() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(output.Text)) }

// take returns a copy of the first n bytes of input, which a session may keep. It
// is empty if there are fewer.
func take(n int32) string {
	if n < 0 || int(n) > len(input) {
		return ""
	}
	return string(input[:n])
}

// done returns the length of the result.
func done() int32 { return int32(len(output.Text)) }

// refuse makes an error the result, and returns its length, negated.
func refuse(why string) int32 {
	fresh().Refusal(why)
	return -done()
}

// fresh returns the writer of the result, empty.
func fresh() *wire.Writer {
	output.Text = output.Text[:0]
	return &output
}

// answer makes a the result, and returns its length.
func answer(a *session.Answer) int32 {
	fresh().Answer(a)
	return done()
}

//go:wasmexport classify
func classifyFailure(n int32) int32 {
	f := &classify.Failure{}
	if err := wire.ReadFailure(take(n), f); err != nil {
		return refuse(err.Error())
	}
	verdict := &classify.Verdict{}
	f.ClassifyTo(verdict)
	fresh().Verdict(verdict)
	return done()
}

//go:wasmexport explain
func explain(n int32) int32 {
	f := &classify.Failure{}
	if err := wire.ReadFailure(take(n), f); err != nil {
		return refuse(err.Error())
	}
	trail := classify.Explain(*f)
	fresh().Trail(&trail)
	return done()
}

//go:wasmexport said
func said(n int32) int32 {
	e := &classify.Event{}
	if err := wire.ReadEvent(take(n), e); err != nil {
		return refuse(err.Error())
	}
	s := protocol.Say(e.Event, e.Data)
	fresh().Said(&s)
	return done()
}

//go:wasmexport ended
func ended(n int32) int32 {
	e := &classify.Event{}
	if err := wire.ReadEvent(take(n), e); err != nil {
		return refuse(err.Error())
	}
	ending := protocol.Ending{}
	ending.Read(e.Data)
	fresh().Ending(&ending)
	return done()
}

//go:wasmexport delay
func delay(attempt int32) int32 { return int32(retry.Delay(int(attempt)).Milliseconds()) }

//go:wasmexport policy
func policyOf(n int32) int32 {
	p := &retry.Policy{}
	err := p.UnmarshalJSON([]byte(take(n)))
	if err == nil {
		err = p.Fill()
	}
	if err != nil {
		return refuse(err.Error())
	}
	filled, _ := p.MarshalJSON()
	output.Text = filled
	return done()
}

//go:wasmexport session_new
func sessionNew(n int32) int32 {
	cfg := &session.Config{}
	err := wire.ReadConfig(take(n), cfg)
	var s *session.Session
	if err == nil {
		s, err = session.NewSession(cfg, &group)
	}
	if err != nil {
		return refuse(err.Error())
	}
	slot := occupy()
	if slot == nil {
		return refuse("65536 sessions are open: let some end first")
	}
	if cfg.CanReset { // its consumer gets events
		s.Listen(note)
	}
	slot.session = s
	return slot.handle
}

// occupy returns a free slot with a new handle, nil if all are in use.
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
		slot.handle += 0x10000 // 0 is not a handle
	}
	return slot
}

// vacate frees the slot of a handle.
func vacate(h int32) {
	*sessions[h&0xFFFF] = slot{handle: h}
	free = append(free, uint16(h&0xFFFF))
}

// slotOf returns the slot of a handle, nil if it is not in use.
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
	if slot.session.Body(input[:n]) {
		return 1
	}
	return 0
}

//go:wasmexport session_event
func sessionEvent(h, n int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	what := &session.Happened{}
	if err := wire.ReadHappened(take(n), what); err != nil {
		return refuse(err.Error())
	}
	return answer(slot.session.Step(what))
}

//go:wasmexport session_chunk
func sessionChunk(h, attempt, n int32, now float64) int32 {
	slot := find(h)
	if slot == nil || n < 0 || int(n) > len(input) || n > maxChunk {
		return -answer(&session.Answer{Do: session.DoNothing})
	}
	noted = 0
	ready, a := slot.session.Chunk(int(attempt), millis(now), input[:n])
	if a == nil {
		return int32(ready)
	}
	return -answer(a)
}

// sessionMoves returns the moves of the last call as numbers: how many, then three
// for each; nil if there are none.
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
	fresh().Snapshot(slot.session.Snapshot())
	return done()
}

//go:wasmexport session_about
func sessionAbout(h int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	fresh().About(slot.session.About())
	return done()
}

//go:wasmexport session_ending
func sessionEnding(h int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	fresh().Ending(slot.session.Ending())
	return done()
}

//go:wasmexport session_rewrite
func sessionRewrite(h, n int32) int32 {
	slot := find(h)
	if slot == nil {
		return refuse(unknownHandle)
	}
	if n < 0 || int(n) > len(input) {
		return refuse(wire.NotAnObject)
	}
	body, ok := slot.session.Rewrite(string(input[:n]))
	if !ok {
		return refuse("the body has no list of messages that could be continued")
	}
	output.Text = append(output.Text[:0], body...)
	return done()
}

//go:wasmexport session_free
func sessionFree(h int32) {
	if slot := find(h); slot != nil {
		slot.session.Free()
		vacate(h)
	}
}

//go:wasmexport share
func share(n int32) int32 {
	s := &session.Shared{}
	if err := wire.ReadShared(take(n), s); err != nil {
		return refuse(err.Error())
	}
	group.Hear(s)
	fresh().Shared(s)
	return done()
}

// millis converts a host's time. The conversion of a float that does not fit is
// implementation-defined in Go, so it is bounded first; NaN becomes 0.
func millis(now float64) int64 {
	if now > -1e15 && now < 1e15 {
		return int64(now)
	}
	return 0
}
