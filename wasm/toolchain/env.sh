# Sourced by the scripts here and by wasm/build.sh: the versions, and what must not leak in from the caller's environment.
# shellcheck shell=bash disable=SC2034
tinygo_version=0.39.0
llvm=/usr/lib/llvm-19
llvm_wanted=19.1.7

# The newest Go that this TinyGo accepts; its standard library is part of the module's bytes.
export GOTOOLCHAIN=go1.25.4
export GOFLAGS=-buildvcs=false GOWORK=off
unset GOOS GOARCH GOEXPERIMENT TINYGOROOT WASMOPT
