// The table of cases.json, in Node.js: each line through bare fetch and through createFetch, side by side.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { createFetch } from "steadfetch";
import { see, seeStream } from "./client.mjs";
import { startTable } from "./server.mjs";

/** How much later than with fetch anything may come, in ms. */
const late = 50;
/** How often the time of one case is taken again, alone, before it is believed: other programs run here, too. */
const tries = 4;
/** For what does not even heed an abort, in ms. */
const timeout = 25_000;
const quick = { initialDelayMs: 10, maxDelayMs: 20, onWarning: () => {} };

const table = await startTable();
after(() => table.stop());

const optionsOf = (line) => ({ ...quick, ...line.options });

/** Has a client ask a server of its own. */
async function ask(send, line, number) {
  const server = await table.open(number);
  const seen = await see(send, line, server.url);
  seen.requests = await server.close();
  return seen;
}

const askBare = (line, number) => ask((...args) => fetch(...args), line, number);
const askGuarded = (line, number) => ask(createFetch(optionsOf(line)), line, number);

/** What differs though it must not, as lines of text. */
function differences(bare, ours, line) {
  const all = [];
  const same = (what, left, right) => {
    if (!isDeepStrictEqual(left, right)) all.push(`${what}: fetch ${show(left)}, createFetch ${show(right)}`);
  };
  same("error", bare.error, ours.error);
  same("requests", bare.requests, ours.requests);
  if (ours.calls > bare.calls) all.push(`calls of fetch: ${ours.calls}, not ${bare.calls}`);
  for (const name of new Set([...Object.keys(bare.response ?? {}), ...Object.keys(ours.response ?? {})])) {
    same(name, bare.response?.[name], ours.response?.[name]);
  }
  same("bytes", bare.bytes.toString("latin1"), ours.bytes.toString("latin1"));
  if (line.handled === "untouched" && bare.response && !ours.own) all.push("the response is not fetch's own object");
  return all;
}

/** What came later than it may. */
function delays(bare, ours, line) {
  const heldUntil =
    line.handled === "untouched"
      ? 0
      : ((heldSize(line) && bare.arrivals.find(([size]) => size >= heldSize(line))?.[1]) ?? Infinity);
  const all = [];
  const check = (what, at, oursAt) => {
    const due = Math.max(at, heldUntil);
    if (oursAt - due > late) all.push(`${what} came at ${oursAt.toFixed(0)} ms, ${(oursAt - due).toFixed(0)} ms late`);
  };
  if (bare.headersAt && ours.headersAt) check("the headers", bare.headersAt, ours.headersAt);
  for (const [size, at] of bare.arrivals) {
    const mine = ours.arrivals.find(([sofar]) => sofar >= size);
    if (mine) check(`byte ${size}`, at, mine[1]);
  }
  return all;
}

/** How many bytes of the body may be held back; 0 where the answer has none. */
function heldSize({ answers, held = 0 }) {
  return (answers.at(-1)?.body ?? []).slice(0, held + 1).reduce((size, piece) => size + lengthOf(piece), 0);
}

const lengthOf = ({ bytes }) => Buffer.from(bytes ?? "", "base64").length;
const bodyOf = (pieces) => Buffer.concat((pieces ?? []).map(({ bytes }) => Buffer.from(bytes ?? "", "base64")));
const show = (value) => {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length})` : text;
};

/** What is not as the table says, where it says something else than fetch. */
function misses(seen, expect, line) {
  const all = [];
  const { error = [], detail, requests, status, like, body } = expect;
  const kind = seen.error ? (seen.error.kind ?? show(seen.error)) : "";
  if (!(error.length > 0 ? error : [""]).includes(kind)) all.push(`error: ${show(kind)}, not ${show(error)}`);
  if (detail && !seen.error?.detail?.includes(detail))
    all.push(`the detail does not say ${detail}: ${show(seen.error?.detail)}`);
  if (seen.requests !== requests) all.push(`requests: ${seen.requests}, not ${requests}`);
  if (seen.response && seen.response.status !== (status ?? 200)) all.push(`status: ${seen.response.status}`);
  const wanted = body ?? (like === undefined ? undefined : (line.answers[like].body ?? []));
  if (wanted && !bodyOf(wanted).equals(seen.bytes)) {
    all.push(`bytes: ${show(seen.bytes.toString())}, not ${show(bodyOf(wanted).toString())}`);
  }
  return all;
}

function missesOfStream(seen, expect, line) {
  const all = [];
  const { error = [], detail, requests, like, resets = 0 } = expect;
  const kind = seen.error ? (seen.error.kind ?? show(seen.error)) : "";
  if (!(error.length > 0 ? error : [""]).includes(kind)) all.push(`error: ${show(kind)}, not ${show(error)}`);
  if (detail && !seen.error?.detail?.includes(detail))
    all.push(`the detail does not say ${detail}: ${show(seen.error?.detail)}`);
  if (seen.requests !== requests) all.push(`requests: ${seen.requests}, not ${requests}`);
  if (seen.resets !== resets) all.push(`resets: ${seen.resets}, not ${resets}`);
  if (like !== undefined) {
    const wanted = messagesOf(bodyOf(line.answers[like].body).toString());
    if (!isDeepStrictEqual(seen.messages, wanted)) all.push(`messages: ${show(seen.messages)}, not ${show(wanted)}`);
  }
  return all;
}

/** The data of the events of a body. */
const messagesOf = (body) =>
  body
    .replaceAll(/\r\n?/g, "\n")
    .split("\n\n")
    .map((event) =>
      event
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.replace(/^data: ?/, ""))
        .join("\n"),
    )
    .filter(Boolean);

async function throughFetch(line, number) {
  if (line.expect.requests) {
    return { wrong: misses(await askGuarded(line, number), line.expect, line), slow: [] };
  }
  const [bare, ours] = await Promise.all([askBare(line, number), askGuarded(line, number)]);
  const timed = (line.request.use ?? "read") === "read" && !line.heavy;
  return { wrong: differences(bare, ours, line), slow: timed ? delays(bare, ours, line) : [] };
}

async function throughStream(line, number) {
  const server = await table.open(number);
  const seen = await seeStream({ ...line, options: optionsOf(line) }, server.url);
  seen.requests = await server.close();
  return missesOfStream(seen, line.stream, line);
}

const here = table.cases
  .map((line, number) => ({ line, number }))
  .filter(({ line }) => (line.on ?? ["node"]).includes("node"));
const slow = [];

/** About how long a line takes, in ms. */
const length = ({ answers }) =>
  (answers ?? [])
    .flatMap(({ body, end }) => [...(body ?? []), { pause: end === "hang" ? 10e9 : 0 }])
    .reduce((sum, { pause = 0 }) => sum + pause / 1e6, 0);

async function check({ line, number }) {
  const found = await throughFetch(line, number);
  assert.deepEqual(found.wrong, []);
  if (found.slow.length > 0) slow.push({ line, number });
}

describe("through the package as through fetch", { concurrency: 24 }, () => {
  const runs = here.filter(({ line }) => !line.heavy).map((one) => ({ ...one, run: () => check(one) }));
  for (const { line, number } of here.filter(({ line }) => line.stream)) {
    const run = async () => assert.deepEqual(await throughStream(line, number), []);
    runs.push({ line: { ...line, name: `${line.name}, through stream()` }, run });
  }
  // The longest first, since all the others can run meanwhile.
  for (const { line, run } of runs.sort((a, b) => length(b.line) - length(a.line))) {
    test(line.name, { timeout }, run);
  }
});

describe("alone", () => {
  for (const one of here.filter(({ line }) => line.heavy)) {
    test(one.line.name, { timeout }, () => check(one));
  }
  test(`nothing comes more than ${late} ms later than with fetch`, async () => {
    const found = {};
    for (const { line, number } of slow) {
      for (let i = 0; i < tries; i++) {
        found[line.name] = (await throughFetch(line, number)).slow;
        if (found[line.name].length === 0) {
          delete found[line.name];
          break;
        }
      }
    }
    assert.deepEqual(found, {});
  });
});
