// Three tenants of one server in one process: one is limited for 8 s, and the others' requests take what they take
// without it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createFetch } from "steadfetch";
import { startTable } from "./server.mjs";

const late = 50;
const tries = 4;

const table = await startTable();
after(() => table.stop());
const number = table.cases.findIndex(({ on }) => on?.includes("tenants"));

/** Asks as a tenant, and says how long the whole answer took. */
async function askAs(send, origin, { name, key, model }) {
  const began = performance.now();
  const response = await send(`${origin}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream: true, user: name, messages: [] }),
  });
  assert.match(await response.text(), /\[DONE\]/);
  return performance.now() - began;
}

test("one tenant's limit holds no other", async () => {
  const alone = await table.open(number);
  const server = await table.open(number);
  const guarded = createFetch();
  let over = false;
  const limited = askAs(guarded, server.url, { name: "limited", key: "a", model: "m" }).finally(() => {
    over = true;
  });
  await sleep(300); // the limit is known now
  for (const other of [
    { name: "other", key: "b", model: "m" },
    { name: "other", key: "a", model: "n" },
  ]) {
    let more = Infinity;
    for (let i = 0; i < tries && more > late; i++) {
      more = (await askAs(guarded, server.url, other)) - (await askAs(fetch, alone.url, other));
    }
    assert.ok(more <= late, `${JSON.stringify(other)} took ${more.toFixed(0)} ms more`);
  }
  assert.ok(!over, "the limit was over before the others were through");
  assert.ok((await limited) >= 8000);
});
