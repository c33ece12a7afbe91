// The packed package in every runtime: all vectors on its module, and live streams through faults. At the end it prints a
// table with a row for each. A runtime that is not installed is skipped with the reason, and fails in CI.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startProvider } from "../../web/provider.mjs";
import { hosts } from "./hosts.mjs";
import { startServer, vectors } from "./server.mjs";

const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once, in whichever runtime it is.";
/** `overloaded` is the status that an overload inside the stream is about. */
const faults = (overloaded) => [
  { status: 429, headers: { "retry-after": "1" } },
  { kind: "error", at: "before_output", status: overloaded },
  { kind: "reset", at: "before_output" },
];
const kinds = ["rate_limit", "overloaded", "network"];
// A consumer that supports resets also survives faults after output.
const lives = {
  createFetch: { faults: faults(503), kinds, resets: 0 },
  stream: { faults: [...faults(529), { kind: "reset", at_token: 5 }], kinds: [...kinds, "network"], resets: 1 },
};

const sum = (files, count) => Object.values(files).reduce((n, file) => n + count(file), 0);
const counts = {
  sessions: sum(vectors.sessions, (file) => file.vectors.length),
  classify: sum(vectors.classify, (file) => file.length ?? file.texts.length + file.statuses.length),
};

const table = [];
const runs = new Map();

describe("the packed package", { concurrency: false }, () => {
  let provider;
  let server;

  before(async () => {
    provider = await startProvider();
    server = await startServer(async (host) => {
      const made = {};
      for (const [how, { faults }] of Object.entries(lives)) made[how] = await provider.newRun({ text, faults });
      runs.set(host, made);
      return Object.fromEntries(Object.entries(made).map(([how, { base }]) => [how, base]));
    });
  });

  after(async () => {
    await server?.close();
    await provider?.stop();
    print();
  });

  function checkVectors(what, outcome, row) {
    const { count, failures } = outcome[what];
    row[what] = `${count - failures.length}/${counts[what]}`;
    assert.deepEqual(failures.slice(0, 5), [], `${failures.length} of ${count} ${what} vectors failed`);
    assert.equal(count, counts[what]);
  }

  async function checkLive(how, host, outcome, row) {
    row[how] = "failed";
    const { kinds, resets } = lives[how];
    const { requests } = await provider.log(runs.get(host)[how].id);
    const got = outcome[how];
    assert.equal(got.text, text);
    assert.deepEqual(
      got.retries.map(({ kind }) => kind),
      kinds,
    );
    assert.equal(got.resets, resets);
    assert.equal(requests.length, kinds.length + 1);
    const waited = requests[1].at_ms - requests[0].at_ms;
    assert.ok(waited >= 1000, `${waited} ms after "Retry-After: 1"`);
    for (const { body } of requests) assert.equal(body, requests[0].body);
    row[how] = "ok";
  }

  for (const host of hosts) {
    test(host.name, { timeout: 300_000 }, async (t) => {
      const row = { host: host.name, version: "", sessions: "", classify: "", createFetch: "", stream: "", why: "" };
      table.push(row);
      if (host.missing) {
        row.why = host.missing;
        assert.notEqual(process.env.CI, "true", host.missing);
        t.skip(host.missing);
        return;
      }
      let opened;
      try {
        row.version = host.version?.() ?? "";
        const heard = server.outcome(host.name);
        heard.catch(() => {});
        opened = await host.open({ server: server.url, host: host.name });
        row.version ||= opened.version;
        const outcome = await Promise.race([heard, opened.failed]);
        if (outcome.error) throw new Error(outcome.error);
        for (const what of ["sessions", "classify"]) checkVectors(what, outcome, row);
        for (const how of ["createFetch", "stream"]) await checkLive(how, host.name, outcome, row);
        await host.more?.(opened, provider, text);
      } catch (error) {
        row.why = String(error.message).split("\n")[0];
        throw error;
      } finally {
        await opened?.close();
      }
    });
  }
});

function print() {
  const head = { host: "runtime", version: "version", sessions: "sessions", classify: "classify" };
  const rows = [{ ...head, createFetch: "createFetch", stream: "stream", why: "" }, ...table];
  const widths = Object.keys(rows[0]).map((column) => Math.max(...rows.map((row) => row[column].length)));
  console.log("");
  for (const row of rows) {
    const cells = Object.values(row).map((cell, i) => cell.padEnd(widths[i]));
    console.log(cells.join("  ").trimEnd());
  }
  console.log("");
}
