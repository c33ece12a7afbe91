#!/usr/bin/env node
// Runs every client against every fault, in every protocol and place, and prints the outcomes as one table. The argument is
// a file with more rows, as lines of JSON: those of clients in other languages. Exits with 1 if a cell is wrong or missing.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startProvider } from "../../web/provider.mjs";
import { answer, beforeOutput, everywhere, faultAt, faults, names, places, placesOf, want } from "./cases.mjs";
import { ask, protocols, retryErrorIn } from "./clients.mjs";
import { promises } from "./promises.mjs";
import { brief, legend, table } from "./table.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" }, // only cells whose name contains this
    at_once: { type: "string", default: "16" },
  },
});
const mine = ["createFetch", "createFetch, resume", "stream"];

/** Sends one request that meets faults, and returns its outcome and what is wrong with it. */
async function meet(provider, cell) {
  const { protocol: name, client, run, policy, finish = "stop", says = answer, request, check } = cell;
  const { unseen = 0 } = cell; // attempts that do not reach the provider
  const fresh = typeof policy === "function" ? policy() : policy;
  const how = client === "stream" ? "stream" : cell.byHand || cell.plain || name === "sse" ? "fetch" : "sdk";
  const { id, base } = await provider.newRun({ text: answer, token_delay_ms: -1, ...run });
  const received = await Promise.race([
    ask(how, name, base, { initialDelayMs: 1, noCooldown: true, ...fresh }, request),
    new Promise((resolve) => setTimeout(resolve, 15_000).unref()),
  ]);
  if (!received) {
    return { outcome: "hangs", requests: 0, problem: "no end after 15 s" };
  }
  const log = await provider.log(id);
  const requests = log.requests.filter((r) => r.status !== 307);
  const { text, failure, status, whole } = received;
  const problems = [];
  const must = (holds, problem) => holds || problems.push(problem);
  const verdict = retryErrorIn(failure);
  const finishes = received.finishes.join();
  let outcome;
  if (verdict) {
    outcome = `error:${verdict.reason}`;
    must(answer.startsWith(text), `the text before the error is ${JSON.stringify(text)}`);
  } else if (status >= 400) {
    outcome = `passed:${status}`;
    must(how === "fetch" || failure?.status === status, `the client's error is ${failure}`);
  } else if (failure) {
    // The SDK's own error for what it read in the provider's stream.
    outcome = how === "sdk" && !isProgrammers(failure) ? `passed:${status}` : `thrown:${failure}`;
    must(text === "", "there was text before the error");
  } else if (finishes === "failed") {
    outcome = `passed:${status}`; // an event that its SDK does not throw
    must(text === "", "there was text before the error");
  } else {
    outcome = requests.length + unseen > 1 ? "recovered" : "complete";
    if (cell.json) {
      must(whole.includes(answer), "the document is not there");
    } else {
      const { begins } = received;
      must(text === says, `the text is ${JSON.stringify(text)}`);
      must(finishes === (finish && protocols[name].finishes[finish]), `the answer finishes with "${finishes}"`);
      must(begins === (name === "gemini" || name === "sse" ? 0 : 1), `the answer begins ${begins} times`);
    }
  }
  const expected = cell.attempts ?? (outcome === "recovered" ? 2 : 1) + Math.max(0, unseen - 1);
  must(requests.length + unseen === expected, `${requests.length + unseen} requests instead of ${expected}`);
  if (verdict?.attempts !== undefined) {
    must(verdict.attempts === requests.length + unseen, `${verdict.attempts} attempts are reported`);
  }
  const again = Math.max(0, requests.length - 1) + unseen;
  must(received.retries.length === again, `${received.retries.length} retries are reported, of ${again}`);
  if (cell.wait && requests.length > 1) {
    const waited = requests[1].at_ms - requests[0].at_ms;
    must(waited >= cell.wait, `back after ${waited} ms`);
  }
  check?.({ received, requests, verdict, must });
  if (cell.byHand) {
    const alone = await provider.newRun({ text: answer, token_delay_ms: -1, ...run });
    const { text: read, finishes, failure } = await ask("sdk", name, alone.base);
    must(failure || read !== answer || finishes.length !== 1, "its SDK can read this");
  }
  if (outcome !== cell.want) {
    problems.push(`${outcome} instead of ${cell.want}${failure ? ` (${failure})` : ""}`);
  }
  return { outcome, requests: requests.length + unseen, problem: problems.join("; ") };
}

/** Errors of a program, which no provider can cause. */
function isProgrammers(error) {
  return [TypeError, ReferenceError, RangeError].some((type) => error.constructor === type);
}

/** The cells of faults, each a description of a request. */
function* faultCells() {
  for (const client of mine) {
    for (const protocol of names) {
      for (const c of faults) {
        // Resume only matters after output.
        for (const position of client === "createFetch, resume" && !c.placed ? [] : placesOf(c)) {
          yield {
            client,
            protocol,
            fault: c.name,
            position,
            run: { faults: [faultAt(c, position)] },
            policy: {
              ...(c.stalls && { silenceTimeoutMs: 500, contentTimeoutMs: 800 }),
              ...(client === "createFetch, resume" && { afterCommit: "resume" }),
            },
            finish: c.finish,
            json: c.json,
            wait: c.wait,
            byHand: client !== "stream" && c.byHand?.includes(protocol),
            want: want(client, protocol, c, position),
          };
        }
      }
    }
  }
}

/** The cells of promises. */
function* promiseCells() {
  for (const promise of promises) {
    for (const client of ["createFetch", "stream"]) {
      for (const protocol of Object.keys(protocols)) {
        const cell = promise.cell(client, protocol);
        if (typeof cell !== "string") {
          yield { client, protocol, fault: promise.name, position: "promise", ...cell };
        }
      }
    }
  }
}

const passing = new Set(faults.filter((c) => !c.permanent && !c.whole).map((c) => c.name));

/** The project's claims, and the cells that show them. */
const claims = [
  [
    "\nWith createFetch, passing faults before output that end in the exact answer",
    (cell) => cell.client === "createFetch" && cell.position === beforeOutput && passing.has(cell.fault),
  ],
  [
    "With stream(), passing faults anywhere that end in the exact answer",
    (cell) => cell.client === "stream" && passing.has(cell.fault),
  ],
  [
    "Stalls of any kind, before output or with stream(), resume or a reset, that end in the exact answer",
    (cell) =>
      /stall/.test(cell.fault) &&
      (cell.position === beforeOutput || !["createFetch", "go-transport"].includes(cell.client)),
  ],
];

async function runAll(provider, cells) {
  const left = [...cells];
  const one = async () => {
    for (let cell = left.shift(); cell; cell = left.shift()) {
      // On a busy machine events that were sent separately can arrive together.
      for (let tries = 0; tries < 3 && !cell.ok; tries++) {
        try {
          Object.assign(cell, await meet(provider, cell));
        } catch (error) {
          Object.assign(cell, { outcome: "thrown", problem: error.stack });
        }
        cell.ok = !cell.problem;
      }
    }
  };
  await Promise.all(Array.from({ length: Number(options.at_once) }, one));
}

/** The rows that other clients' tests have written. */
function linesOf(file) {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Loads and compiles everything once: that takes longer than the pauses between events. */
async function warmUp(provider) {
  for (const name of names) {
    const { base } = await provider.newRun({ text: answer });
    await ask("sdk", name, base, {});
  }
}

const started = Date.now();
const chosen = (cell) =>
  !options.only || [cell.client, cell.protocol, cell.fault, cell.position].join("/").includes(options.only);
const cells = [...faultCells(), ...promiseCells()].filter(chosen);
const provider = await startProvider();
await warmUp(provider);
await runAll(provider, cells);
await provider.stop();
const seconds = ((Date.now() - started) / 1000).toFixed(0);
const others = positionals.flatMap(linesOf);
const all = [...cells.filter((cell) => cell.position !== "promise"), ...others];

const clients = [...new Set(all.map((cell) => cell.client))];
const missing = [];
const summary = [];
for (const client of clients) {
  const counts = [];
  for (const protocol of names) {
    const own = all.filter((cell) => cell.client === client && cell.protocol === protocol);
    const rows = [];
    for (const fault of [...new Set(own.map((cell) => cell.fault))]) {
      const at = new Map(own.filter((cell) => cell.fault === fault).map((cell) => [cell.position, cell]));
      const row = [fault];
      if (at.has(everywhere)) {
        row.push({ text: `${brief(at.get(everywhere))} throughout`, span: places.length });
      } else if (at.size === 1 && at.has(places[0])) {
        row.push(brief(at.get(places[0])));
        row.push({ text: "n/a: it comes in place of an answer", span: places.length - 1 });
      } else {
        for (const place of places) {
          if (!at.has(place) && !options.only) {
            missing.push([client, protocol, fault, place].join(", "));
          }
          row.push(at.has(place) ? brief(at.get(place)) : "missing");
        }
      }
      rows.push(row);
    }
    console.log(`\n${client}, ${protocol}\n\n${table(["fault", ...places], rows)}`);
    counts.push(`${own.filter((cell) => cell.ok).length}/${own.length}`);
  }
  summary.push([client, ...counts, "n/a"]);
}

for (const client of ["createFetch", "stream"]) {
  const columns = Object.keys(protocols);
  const reasons = [];
  const rows = promises.map((promise) => [
    promise.name,
    ...columns.map((protocol) => {
      const cell = cells.find(
        (c) => c.position === "promise" && c.client === client && c.fault === promise.name && c.protocol === protocol,
      );
      if (cell) {
        return brief(cell);
      }
      const reason = promise.cell(client, protocol);
      if (typeof reason !== "string") {
        return "missing";
      }
      if (!reasons.includes(reason)) {
        reasons.push(reason);
      }
      return `n/a ${reasons.indexOf(reason) + 1}`;
    }),
  ]);
  console.log(`\n${client}: what else it promises\n\n${table(["", ...columns], rows)}`);
  reasons.forEach((reason, i) => {
    console.log(`n/a ${i + 1}: ${reason}`);
  });
  const own = cells.filter((cell) => cell.position === "promise" && cell.client === client);
  summary.push([
    `${client}, promises`,
    ...Object.keys(protocols).map((protocol) => {
      const these = own.filter((cell) => cell.protocol === protocol);
      return `${these.filter((cell) => cell.ok).length}/${these.length}`;
    }),
  ]);
}

console.log(`\n${legend}\n`);
console.log(table(["cells that are as they must be", ...Object.keys(protocols)], summary));
for (const [claim, holds] of claims) {
  const about = all.filter(holds);
  const kept = about.filter((cell) => cell.ok && /^(recovered|complete)$/.test(cell.outcome));
  console.log(`${claim}: ${kept.length} of ${about.length}`);
}
const wrong = [...cells, ...others].filter((cell) => !cell.ok);
for (const { client, protocol, fault, position, problem, outcome } of wrong) {
  console.log(`\nWRONG: ${client}, ${protocol}, ${fault}, ${position}: ${problem ?? outcome}`);
}
for (const cell of missing) {
  console.log(`\nMISSING: ${cell}`);
}
const languages = positionals.length === 0 || others.length > 0;
if (!languages) {
  console.log(`\nMISSING: ${positionals.join()} has no cells`);
}
console.log(
  `\n${cells.length + others.length} cells, ${cells.length} of them in ${seconds} s here; ${wrong.length} wrong, ${missing.length} missing.`,
);
// Writes to a pipe are asynchronous, and exit() does not wait for them (Node.js, "process I/O").
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(wrong.length + missing.length > 0 || !languages ? 1 : 0);
