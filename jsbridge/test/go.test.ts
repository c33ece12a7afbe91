import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { answer, post, sse, url } from "./fakes.js";

// The bundled test lies in .cache/test of the package.
const root = new URL("../../..", import.meta.url).pathname;
const build = (name: string) => join(root, "wasm", "build", name);
const skip = spawnSync("go", ["version"]).status !== 0 && !process.env.CI && "there is no Go here";

let copies = 0;

/** A fresh copy of the package. */
const fresh = (): Promise<typeof import("../src/index.js")> =>
  import(`${pathToFileURL(join(root, "jsbridge", "dist", "index.js"))}?go=${copies++}`);

async function runs(name: string): Promise<void> {
  const { init, classify, createFetch } = await fresh();
  await init(readFileSync(build(name)));
  assert.equal(classify({ status: 529 }).kind, "overloaded");
  let calls = 0;
  const fetch = createFetch({
    initialDelayMs: 1,
    fetch: async () =>
      ++calls === 1 ? new Response("{}", { status: 529 }) : new Response(answer.join(""), { headers: sse }),
  });
  assert.equal(await (await fetch(url, post())).text(), answer.join(""));
  assert.equal(calls, 2);
}

test("init takes the builds of Go's own compiler, and a request runs on each", { skip }, async (t) => {
  const make = spawnSync("make", ["-C", root, "wasm-go"], { encoding: "utf8" });
  assert.equal(make.status, 0, make.stderr);
  await t.test("for wasip1", () => runs("wasip1.wasm"));
  await t.test("for js, whose wasm_exec.js must be there", async () => {
    const { init } = await fresh();
    await assert.rejects(init(readFileSync(build("js.wasm"))), ({ cause }: Error) =>
      /wasm_exec\.js/.test(String(cause)),
    );
    await import(build("wasm_exec.js"));
    await runs("js.wasm");
  });
});
