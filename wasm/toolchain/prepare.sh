#!/usr/bin/env bash
# Puts the tools that build the module into the user's cache, if they are not there, and prints the folder they are in:
#
#   bin/tinygo     TinyGo, built from the version in go.mod beside this file
#   root/          TINYGOROOT: its runtime, with the garbage collector of tinygo/gc_idle.go beside this file
#   node_modules/  Binaryen's wasm-opt and wasm2js, from package-lock.json beside this file
#
# What it needs: Linux, Go (it fetches the exact toolchain itself), Node.js with npm, a C++ compiler, and LLVM 19 where Debian and
# Ubuntu put it. Run as root where apt-get is, it installs what is missing of LLVM and the compiler.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=wasm/toolchain/env.sh
. "$here/env.sh"

say() { echo "$*" >&2; }
fail() {
	say "wasm: $1"
	shift
	for line in "$@"; do say "  $line"; done
	say "  (Only a change to the module needs these tools: the built module is part of the repository.)"
	exit 1
}

[ "$(uname -s)" = Linux ] ||
	fail "the module is built on Linux only, this is $(uname -s)" "Run wasm/build.sh in a container of Debian 12 or newer."

command -v go >/dev/null || fail "Go is missing" "Install Go 1.25 or newer: https://go.dev/dl/"
command -v node >/dev/null || fail "Node.js is missing" "Install Node.js 20 or newer, with npm: https://nodejs.org/"
command -v npm >/dev/null || fail "npm is missing" "Install it with Node.js 20 or newer: https://nodejs.org/"

# TinyGo accepts no Go newer than the one it was made for, so an older toolchain is fetched when the installed one is newer.
if ! found=$(cd / && go version 2>&1); then
	fail "the toolchain $GOTOOLCHAIN is not to be had; TinyGo $tinygo_version works with no newer Go" "$found" \
		"Go 1.21 or newer fetches it through the module proxy: check GOPROXY, GOSUMDB and the network."
fi

# What TinyGo is compiled with, and what it runs. A file stands for each package, so that a system that is not Debian but keeps
# LLVM in the same place is as good.
missing=()
need() { [ -e "$1" ] || missing+=("$2"); }
need "$llvm/bin/clang" clang-19
need "$llvm/bin/wasm-ld" lld-19
need "$llvm/include/llvm-c/Core.h" llvm-19-dev
need "$llvm/include/clang-c/Index.h" libclang-19-dev
command -v c++ >/dev/null || missing+=(g++)
command -v patch >/dev/null || missing+=(patch)
if [ ${#missing[@]} -gt 0 ]; then
	command -v apt-get >/dev/null ||
		fail "missing: ${missing[*]} (names of Debian's packages), and this is not Debian" \
			"LLVM 19 is looked for in $llvm. Or run wasm/build.sh in a container of Debian 12 or newer."
	[ "$(id -u)" = 0 ] ||
		fail "packages are missing: ${missing[*]}" "Install them: sudo apt-get install ${missing[*]}"
	say "wasm: installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -q && apt-get install -qy --no-install-recommends "${missing[@]}"; } >&2 ||
		fail "apt-get could not install ${missing[*]}" "Debian 12 and newer and Ubuntu 24.04 have them; is the network there?"
fi

llvm_version=$("$llvm/bin/llvm-config" --version)
[ "$llvm_version" = "$llvm_wanted" ] ||
	say "wasm: LLVM is $llvm_version, the committed module was built with $llvm_wanted: its bytes may differ"

# The key covers all that the folder is made from, so a changed version is a new folder and never a stale one.
key=$(cat "$here"/{go.mod,go.sum,package-lock.json,prepare.sh,env.sh,tinygo/*} | sha256sum | cut -c1-12)
base=${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}/steadfetch
cache=$base/tinygo-$tinygo_version-llvm$llvm_version-$(uname -m)-$key

if [ ! -d "$cache" ]; then
	mkdir -p "$base"
	# The second of two runs at once waits for the first and finds its work done. Without flock both work, and one's is kept.
	if command -v flock >/dev/null; then
		exec 9>"$base/lock"
		flock 9
		rm -rf "$base"/unfinished.* # of a run that was killed: nobody else works here now
	fi
fi
if [ ! -d "$cache" ]; then
	say "wasm: preparing TinyGo $tinygo_version in $cache (once, about two minutes)"
	work=$(mktemp -d "$base/unfinished.XXXXXX")
	trap 'rm -rf "$work"' EXIT

	cp "$here/go.mod" "$here/go.sum" "$here/package.json" "$here/package-lock.json" "$work/"
	cd "$work"
	go mod download github.com/tinygo-org/tinygo >&2 ||
		fail "TinyGo $tinygo_version could not be fetched" "Check GOPROXY, GOSUMDB and the network."
	source=$(go list -m -f '{{.Dir}}' github.com/tinygo-org/tinygo)
	CGO_ENABLED=1 CC=${CC:-cc} CXX=${CXX:-c++} go build -trimpath -tags llvm19 -o bin/tinygo github.com/tinygo-org/tinygo >&2 ||
		fail "TinyGo $tinygo_version did not build (the compiler's words are above)"

	mkdir root
	cp -R "$source/src" "$source/targets" "$source/lib" root/
	chmod -R u+w root
	# A Go module has no folder without files or with a go.mod of its own, so this one, a submodule of TinyGo's repository, is not
	# in it; TinyGo only asks that it exists. Packages that import net do not build, and the module has none.
	mkdir -p root/src/net
	cp "$here/tinygo/gc_idle.go" root/src/runtime/
	patch -s -p1 -d root <"$here/tinygo/gc_idle.patch" >&2 || fail "tinygo/gc_idle.patch does not fit TinyGo $tinygo_version"

	npm ci --no-audit --no-fund --no-update-notifier --loglevel=error >&2 ||
		fail "Binaryen could not be fetched" "npm is asked for the version in wasm/toolchain/package-lock.json: check its registry and the network."
	# Ten programs of 10 MB each; two are used.
	find node_modules/binaryen/bin -type f ! -name wasm-opt ! -name wasm2js ! -name package.json -delete

	# Whole or not at all: a rename puts it in place, unless another run without flock was first.
	mv -T "$work" "$cache" 2>/dev/null || [ -d "$cache" ] || fail "cannot write $cache"
fi
echo "$cache"
