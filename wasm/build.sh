#!/usr/bin/env bash
# Builds wasm/steadfetch.wasm from wasm/guest: the same bytes every time, from any folder.
#
#   wasm/build.sh [-o FILE] [PACKAGE]
#
#   -o FILE   the output file, instead of wasm/steadfetch.wasm
#   PACKAGE   a main package other than ./wasm/guest, for experiments
#
# The first run prepares the tools (wasm/toolchain/prepare.sh), later ones take seconds. It ends with a check: no imports, the
# exports that every host needs, nothing in the file that only debuggers read.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=wasm/toolchain/env.sh
. "$here/toolchain/env.sh"

usage() {
	echo "usage: wasm/build.sh [-o FILE] [PACKAGE]" >&2
	exit 2
}
out=$here/steadfetch.wasm
while getopts o: option; do
	case $option in
	o) out=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage
if [ $# = 1 ]; then
	package=$1
else
	package=./wasm/guest
fi
out=$(realpath -m "$out")

tools=$("$here/toolchain/prepare.sh")
export TINYGOROOT=$tools/root PATH=$llvm/bin:$PATH
export WASMOPT=$tools/node_modules/.bin/wasm-opt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ $# = 1 ] || cd "$here/.."
"$tools/bin/tinygo" build -target="$here/target.json" -opt=z -no-debug -panic=trap -o "$work/tinygo.wasm" "$package"

# TinyGo has run wasm-opt once, but keeping names. Not among the flags: --traps-never-happen and --ignore-implicit-traps, which
# would delete bounds checks, and --low-memory-unused, which does not hold with the stack at the bottom of memory.
"$WASMOPT" -Oz --converge --generate-global-effects -Oz --merge-locals --strip-debug --strip-producers --strip-target-features -o "$work/small.wasm" "$work/tinygo.wasm"

node "$here/toolchain/check.mjs" "$work/small.wasm"

# By renaming, so that nobody ever reads half a module.
mkdir -p "$(dirname "$out")"
cp "$work/small.wasm" "$out.tmp$$"
mv "$out.tmp$$" "$out"
echo "wrote $out"
