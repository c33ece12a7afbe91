import assert from "node:assert/strict";
import { test } from "node:test";
import type { Options, RequestContext } from "../src/api/options.js";
import type { Engine } from "../src/engine/abi.js";
import type { ChatStreamRetry, Verdict } from "../src/engine/shapes.gen.js";
import { createController, type Snapshot } from "../src/index.js";
import { makeListeners } from "../src/session/listeners.js";

const retry: ChatStreamRetry = { attempt: 1, delayMs: 9, error: "", retryingAt: "" };

/** Listeners, and the questions that the core got. */
function listening(options: Options) {
  const asked: string[] = [];
  const engine = {
    about: () => asked.push("about") && { model: "m" },
    snapshot(): Snapshot {
      asked.push("snapshot");
      return { state: "streaming", attempt: 1, failures: 0 };
    },
  } as unknown as Engine;
  const request = { method: "POST", url: "https://h/x?key=secret#f" };
  return { asked, own: makeListeners(engine, 7, options, { request }, { report: () => {} }) };
}

test("without listeners the core is not asked", () => {
  const { asked, own } = listening({});
  own.happened({ what: "start" });
  own.answered({ do: "open", attempt: 1 });
  own.sent({ do: "open", attempt: 1 });
  own.acted({ do: "wait", attempt: 1, retry }, false);
  own.relayed({ state: "waiting", retry });
  assert.deepEqual(asked, []);
});

test("callbacks get the URL without its query, which is asked for once, and the current attempt", () => {
  const seen: RequestContext[] = [];
  const { asked, own } = listening({ onRetry: (_, request) => seen.push(request), onWarning: () => {} });
  own.answered({ do: "wait", attempt: 1 });
  own.acted({ do: "wait", attempt: 1, retry }, false);
  own.answered({ do: "wait", attempt: 2 });
  own.acted({ do: "wait", attempt: 2, retry, warning: "w" }, false);
  assert.deepEqual(seen, [
    { attempt: 1, method: "POST", url: "https://h/x", model: "m" },
    { attempt: 2, method: "POST", url: "https://h/x", model: "m" },
  ]);
  assert.deepEqual(asked, ["about"]);
  own.happened({ what: "recovered", request: { method: "GET", url: "https://other/" } });
  assert.deepEqual(own.describe(), { attempt: 2, method: "GET", url: "https://other/", model: "m" });
});

test("a controller and onStatus get the state, and that of a relaying server", () => {
  const controller = createController();
  const states: string[] = [];
  const { own } = listening({ controller, onStatus: ({ state, waitingFor = "" }) => states.push(state + waitingFor) });
  own.acted({ do: "none", attempt: 1 }, false);
  own.relayed({ state: "waiting", retry, waitingFor: "server" });
  assert.equal(controller.status.retry, retry);
  own.relayed({ state: "opening", attempt: 2, waitingFor: "server" });
  assert.equal(controller.status.attempt, 2);
  own.relayed();
  const verdict: Verdict = { retryable: false, kind: "quota" };
  own.acted({ do: "finish", attempt: 1 }, true, verdict);
  assert.deepEqual(states, ["streaming", "waitingserver", "openingserver", "streaming", "failed"]);
  assert.equal(controller.status.verdict, verdict);
  assert.ok(Object.isFrozen(controller.status));
});
