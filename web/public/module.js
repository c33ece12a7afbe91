// The module, fetched and compiled once for the package, the storm, and the plot of waits.

let loading;

export function compiled() {
  loading ??= fetch("steadfetch/steadfetch.wasm")
    .then((response) => response.arrayBuffer())
    .then((bytes) => WebAssembly.compile(bytes));
  return loading;
}
