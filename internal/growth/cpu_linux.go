package growth

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// cost returns the CPU time that work uses, whatever else the machine does.
func cost(work func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	work()
	return threadTime() - began
}

// threadClock is CLOCK_THREAD_CPUTIME_ID. Rusage is too coarse: it counts ticks.
const threadClock = 3

func threadTime() time.Duration {
	var t syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}
