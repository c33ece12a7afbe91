import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { answer, post, sse, url } from "./fakes.js";

type Package = typeof import("../src/index.js");

// The bundled test lies in .cache/test of the package.
const root = new URL("../..", import.meta.url).pathname;
let copies = 0;

/** A fresh copy of the package. */
const fresh = (): Promise<Package> => import(`${pathToFileURL(join(root, "dist", "index.js"))}?copy=${copies++}`);

const bytes = () => readFileSync(join(root, "dist", "steadfetch.wasm"));

/** Simulates a runtime that compiles and instantiates nothing synchronously. */
function asyncOnly(t: TestContext): void {
  const { Module, Instance } = WebAssembly;
  const refuse = (real: object) =>
    new Proxy(real, {
      construct() {
        throw new RangeError("disallowed on the main thread");
      },
    });
  WebAssembly.Module = refuse(Module) as typeof Module;
  WebAssembly.Instance = refuse(Instance) as typeof Instance;
  t.after(() => Object.assign(WebAssembly, { Module, Instance }));
}

test("no call of init is needed", async () => {
  const { delay, classify } = await fresh();
  assert.equal(delay(1), 2000);
  assert.equal(classify({ status: 529 }).kind, "overloaded");
});

test("init may be called repeatedly, before and after use", async () => {
  const { init, delay } = await fresh();
  await Promise.all([init(), init()]);
  assert.equal(delay(0), 1000);
  await init();
});

test("where nothing compiles synchronously, synchronous calls say what to do, and asynchronous ones work", async (t) => {
  asyncOnly(t);
  const { init, delay, classifyResponse, createFetch } = await fresh();
  assert.throws(() => delay(0), /await init\(\) first/);
  const pending = init();
  assert.throws(() => delay(0), /is pending/);
  await pending;
  assert.equal(delay(0), 1000);
  const other = await fresh();
  assert.equal((await other.classifyResponse(new Response("", { status: 503 }))).retryable, true);
  assert.equal(typeof classifyResponse, "function");
  const fetch = createFetch({ fetch: async () => new Response(answer.join(""), { headers: sse }) });
  assert.equal(await (await fetch(url, post())).text(), answer.join(""));
});

test("a failed init has an error of its own, and may be tried again", async () => {
  const { init, delay } = await fresh();
  await assert.rejects(init(new Uint8Array([0, 97, 115, 109])), /could not be loaded/);
  assert.throws(() => delay(0), /init\(\) failed: try it again/);
  await init();
  assert.equal(delay(0), 1000);
});

test("init takes bytes, a compiled module, a response or a URL", async (t) => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/steadfetch.wasm" ? 200 : 404;
    response.setHeader("content-type", "text/plain"); // as a server sends it that does not know the media type
    response.end(bytes());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const source of [
    bytes(),
    new WebAssembly.Module(bytes()),
    `${base}/steadfetch.wasm`,
    new URL(`${base}/steadfetch.wasm`),
    fetch(`${base}/steadfetch.wasm`),
  ]) {
    const { init, delay } = await fresh();
    await init(source);
    assert.equal(delay(0), 1000);
  }
  const { init } = await fresh();
  await assert.rejects(init(`${base}/elsewhere`), (error: Error) => /answered 404/.test(String(error.cause)));
});

test("a module is taken once, before the first use", async () => {
  const { init, delay } = await fresh();
  const first = init(bytes());
  await assert.rejects(init(bytes()), /there is a module already/);
  await first;
  assert.equal(delay(0), 1000);
  await assert.rejects(init(bytes()), /there is a module already/);
});

test("a module of another version, or a foreign one, is refused", async () => {
  const { init } = await fresh();
  // The smallest module: no exports at all.
  await assert.rejects(init(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])), /could not be loaded/);
});

test("a trapped instance fails its sessions, and the next request gets a new one", async (t) => {
  const { Instance } = WebAssembly;
  let instances = 0;
  let trap = false;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      instances++;
      const real = Reflect.construct(target, args) as WebAssembly.Instance;
      const event = real.exports.session_event as (session: number, n: number) => number;
      const exports = {
        ...real.exports,
        session_event(session: number, n: number) {
          if (trap) {
            trap = false;
            throw new WebAssembly.RuntimeError("unreachable");
          }
          return event(session, n);
        },
      };
      return { exports };
    },
  });
  t.after(() => {
    WebAssembly.Instance = Instance;
  });
  const { createFetch, delay } = await fresh();
  const opened: ((response: Response) => void)[] = [];
  const fetch = createFetch({ fetch: () => new Promise((resolve) => opened.push(resolve)) });
  const first = fetch(url, post());
  const second = fetch(url, post());
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(instances, 1);
  trap = true;
  opened[0]!(new Response(answer.join(""), { headers: sse }));
  for (const promise of [first, second]) {
    await assert.rejects(promise, (error: Error) => {
      assert.match(error.message, /has trapped/);
      assert.ok(error.cause instanceof WebAssembly.RuntimeError);
      return true;
    });
  }
  assert.equal(delay(0), 1000);
  assert.equal(instances, 2);
  const third = fetch(url, post());
  await new Promise((resolve) => setImmediate(resolve));
  opened[2]!(new Response(answer.join(""), { headers: sse }));
  assert.equal(await (await third).text(), answer.join(""));
});

/** Simulates a page whose CSP forbids WebAssembly. */
function forbidden(t: TestContext): void {
  asyncOnly(t);
  t.mock.method(WebAssembly, "compile", async () => {
    throw new WebAssembly.CompileError("violates the following Content Security policy directive");
  });
}

const plain = () => import(pathToFileURL(join(root, "dist", "js.js")).href);

test("where WebAssembly is forbidden, the fallback takes its place", async (t) => {
  forbidden(t);
  const { init, delay, classify, createFetch } = await fresh();
  assert.throws(() => delay(0), /await init\(\) first.*steadfetch\/js/);
  await init({ fallback: plain });
  const fetch = createFetch({ fetch: async () => new Response(answer.join(""), { headers: sse }) });
  assert.equal(await (await fetch(url, post())).text(), answer.join(""));
  assert.equal(delay(3), 8000);
  assert.equal(classify({ status: 529 }).kind, "overloaded");
});

test("the same in the CommonJS build", async (t) => {
  forbidden(t);
  const require = createRequire(import.meta.url);
  const { init, delay } = require(join(root, "dist", "cjs", "index.js")) as Package;
  await init({ fallback: async () => require(join(root, "dist", "cjs", "js.js")) });
  assert.equal(delay(0), 1000);
});

test("the fallback is not loaded where it is not needed", async () => {
  const { init, delay } = await fresh();
  await init({
    fallback: () => {
      throw new Error("it was asked for");
    },
  });
  assert.equal(delay(0), 1000);
});

test("without a fallback requests go through plain fetch, and one warning says what to do", async (t) => {
  forbidden(t);
  const warned = t.mock.method(console, "warn", () => {});
  const { createFetch } = await fresh();
  const response = new Response("busy", { status: 529 });
  const asked: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (...args) => {
    asked.push(args);
    return response;
  };
  const init = post();
  assert.equal(await createFetch({ fetch })(url, init), response);
  assert.equal(await createFetch({ fetch })(url, init), response);
  assert.deepEqual(asked, [
    [url, init],
    [url, init],
  ]);
  assert.equal(warned.mock.callCount(), 1);
  assert.match(
    String(warned.mock.calls[0]!.arguments[0]),
    /not guarded.*init\(\{ fallback: \(\) => import\("steadfetch\/js"\)/,
  );
  const rules: string[] = [];
  await createFetch({ fetch, onWarning: (rule) => rules.push(rule) })(url, init);
  assert.deepEqual(rules, ["no_webassembly"]);
});

test("a module of another version rejects the request and sends nothing", async (t) => {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class {
    exports = { _initialize() {}, abi_version: () => 99 };
  } as unknown as typeof Instance;
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (async () => new WebAssembly.Instance(undefined!)) as unknown as typeof instantiate;
  t.after(() => Object.assign(WebAssembly, { Instance, instantiate }));
  const { createFetch } = await fresh();
  const fetch = () => assert.fail("nothing is to be sent");
  await assert.rejects(createFetch({ fetch })(url, post()), ({ cause }: Error) => /another interface/.test(`${cause}`));
});

test("without a fallback stream, retry and classify throw an error that names it", async (t) => {
  forbidden(t);
  const { stream, retry, classify, classifyResponse } = await fresh();
  const names = /import\("steadfetch\/js"\)/;
  await assert.rejects(stream(url, post()).next(), names);
  await assert.rejects(
    retry(async () => 1),
    names,
  );
  assert.throws(() => classify({ status: 529 }), names);
  await assert.rejects(classifyResponse(new Response("")), names);
});

test("steadfetch/js needs neither WebAssembly nor eval", async () => {
  for (const [load, type] of [
    [`await import(${JSON.stringify(pathToFileURL(join(root, "dist", "js.js")).href)})`, "module"],
    [`require(${JSON.stringify(join(root, "dist", "cjs", "js.js"))})`, "commonjs"],
  ]) {
    const script = `(async () => {
      // Node's own fetch uses WebAssembly: let it load that first.
      const server = (await import("node:http")).createServer((_, response) => response.end());
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      await (await fetch("http://127.0.0.1:" + server.address().port)).text();
      server.close();
      delete globalThis.WebAssembly;
      const { createFetch, classify, delay } = ${load};
      const body = ${JSON.stringify(answer.join(""))};
      const headers = ${JSON.stringify(sse)};
      const mine = createFetch({ fetch: async () => new Response(body, { headers }) });
      const text = await (await mine(${JSON.stringify(url)}, ${JSON.stringify(post())})).text();
      console.log(text === body, classify({ status: 529 }).kind, delay(1));
    })()`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--disallow-code-generation-from-strings", `--input-type=${type}`, "-e", script],
      { timeout: 20_000 },
    );
    assert.equal(stdout.trim(), "true overloaded 2000");
  }
});

test("the CommonJS build is the same package", async () => {
  const cjs = createRequire(import.meta.url)(join(root, "dist", "cjs", "index.js")) as Package;
  const esm = await fresh();
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort());
  assert.equal(cjs.delay(2), 4000);
});

test("importing and classifying need nothing that a test runner's simulated browser may lack", async () => {
  const missing = [
    "TextEncoder",
    "TextDecoder",
    "fetch",
    "Request",
    "Response",
    "Headers",
    "ReadableStream",
    "AbortController",
  ];
  const script = `
    for (const name of ${JSON.stringify([...missing, "structuredClone", "BroadcastChannel", "FinalizationRegistry"])}) delete globalThis[name];
    const loaded = ["index", "element", "react", "testing"].map((name) => require(${JSON.stringify(join(root, "dist", "cjs"))} + "/" + name + ".js"));
    console.log(loaded.map((m) => typeof m).join(), loaded[0].classify({ status: 529 }).kind);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=commonjs", "-e", script]);
  assert.equal(stdout.trim(), "object,object,object,object overloaded");
});

test("the module in the package and the one inlined in its JavaScript are the committed one", async () => {
  const script = join(root, "..", "hosttest", "sha256.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [script]); // it fails if they differ
  assert.match(stdout, /^([0-9a-f]{64}) .*\n\1 .*\n\1 .*\n$/);
});
