#!/usr/bin/env bash
# Translates the module into plain JavaScript, for pages whose policy forbids WebAssembly.
#
#   wasm/toolchain/wasm2js.sh OUT.js [IN.wasm]
#
# IN is wasm/steadfetch.wasm by default. OUT becomes an ES module with one export, instantiate(): every call of it returns a new
# instance that looks like the exports of the real module, including memory.buffer and _initialize. It uses no eval. What
# differs: a trap is thrown as Error("abort"), or whatever JavaScript throws, instead of WebAssembly.RuntimeError; a load or store
# out of bounds is not detected (the Go code has its own checks); memory is an object with buffer and grow, not a WebAssembly.Memory.
# BINARYEN is the folder of Binaryen's programs, for those who do not need the whole toolchain.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: wasm/toolchain/wasm2js.sh OUT.js [IN.wasm]" >&2
	exit 2
fi
out=$1
module=${2:-$here/../steadfetch.wasm}

binaryen=${BINARYEN:-$("$here/prepare.sh")/node_modules/.bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The section that lists the features in use is stripped from the module, so they are listed here: what target.json allows.
features=(--mvp-features --enable-mutable-globals --enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext
	--enable-nontrapping-float-to-int)

# wasm2js does not support the instructions that these two passes replace. Older versions did not support memory.copy and
# memory.fill either; now it turns them into copyWithin and fill, which are much faster than the loops of
# --llvm-memory-copy-fill-lowering.
"$binaryen/wasm-opt" "${features[@]}" --llvm-nontrapping-fptoint-lowering --signext-lowering -o "$work/lowered.wasm" "$module"

# The form for Emscripten is a function that creates instances. The other form creates one instance when it is imported, but after a
# trap a new one is needed.
"$binaryen/wasm2js" "${features[@]}" -Oz --emscripten -o "$work/body.js" "$work/lowered.wasm"
case $(head -n 1 "$work/body.js") in
"function instantiate("*) ;;
*)
	echo "wasm2js.sh: the output of wasm2js has a new form: $(head -c 80 "$work/body.js")" >&2
	exit 1
	;;
esac

{
	echo "// Made from steadfetch.wasm by wasm/toolchain/wasm2js.sh. Do not edit."
	printf 'export '
	# wasm2js throws a string here; throw an Error, as everywhere else.
	sed 's/throw "trap: \([^"]*\)"/throw new Error("trap: \1")/' "$work/body.js"
} >"$work/out.mjs"

# It must load, and have the exports that the module has.
node --input-type=module -e '
	import { readFileSync } from "node:fs";
	import { pathToFileURL } from "node:url";
	const [js, wasm] = process.argv.slice(1);
	const { instantiate } = await import(pathToFileURL(js).href);
	const names = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm))).map((e) => e.name);
	const made = instantiate();
	made._initialize();
	const lost = names.filter((name) => !(name in made));
	if (lost.length > 0) throw new Error(`wasm2js.sh: lost ${lost.join(" ")}`);
' "$work/out.mjs" "$module"

mkdir -p "$(dirname "$out")"
cp "$work/out.mjs" "$out.tmp$$"
mv "$out.tmp$$" "$out"
echo "wrote $out: $(wc -c <"$out") bytes, $(gzip -9nc "$out" | wc -c) gzip"
