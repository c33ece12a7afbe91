// The same request and fault at the same time: through an SDK alone, and through steadfetch.
import { bareCode, codePanel, fetchCode, linkRow, streamCode } from "./code.js";
import { createLane } from "./lane.js";
import { makeNetwork } from "./mishap.js";
import { protocols, requestOf } from "./protocols.js";
import { config, newRun } from "./provider.js";
import { lastingRunOf, scripts } from "./scripts.js";
import { sdks } from "./sdks.js";
import { fill } from "./settings.js";
import { $, radio, seconds } from "./shared.js";
import "./vendor/element.js";
import { createController, stream } from "./vendor/steadfetch.js";

const said =
  "A stream may pause, stutter or break, yet every word counts. Größe, Ελλάδα and мир arrive whole, byte after byte, " +
  "until the very last one.";
const drawMs = 100;
/** When one client is done, the other is abandoned after this much silence, in ms. */
const patienceMs = 5000;

export async function createCompare(preset) {
  const tokenDelayMs = Number(preset.get("tokenDelayMs") ?? 45);
  const form = $("compare-settings");
  const { versions } = await config();
  const names = Object.entries(sdks).map(([id, { label }]) => radio("peer", id, id === "openai", label));
  form.querySelector("[data-peers]").append(...names);
  fill(form, "ends", preset);

  const bare = createLane($("bare"));
  const ours = createLane($("ours"));
  const banner = $("compare-banner");
  let leave = () => {};
  let latest = 0;

  const chosen = () => ({
    peer: form.elements.peer.value,
    script: form.elements.script.value,
    afterCommit: form.elements.afterCommit.value,
  });
  const policy = () => ({ contentTimeoutMs: 4000, afterCommit: chosen().afterCommit });

  const panels = [
    codePanel("Without", () => bareCode(chosen().peer)),
    codePanel("With, for a page that shows the answer itself", () => streamCode(policy())),
    codePanel("With, keeping the SDK", () => fetchCode(chosen().peer, policy())),
  ];
  $("compare-code").append(...panels.map(({ figure }) => figure), linkRow());

  /** Through the SDK. */
  async function alone(lane, sdk, loaded, request) {
    try {
      for await (const piece of sdk.ask(loaded, request)) {
        if (lane.over) {
          return;
        }
        lane.add(piece);
      }
      if (!lane.over) {
        lane.judge();
      }
    } catch (error) {
      if (!lane.over) {
        lane.end("failed", `Threw ${error.name}: ${error.message || "no message"}`);
      }
    }
  }

  /** Through steadfetch. */
  async function guarded(lane, request, options) {
    const controller = createController();
    Object.assign(banner, { controller, received: false, last: undefined });
    for await (const event of stream(...request, { ...options, controller })) {
      switch (event.type) {
        case "message":
          lane.add(event.text);
          banner.received ||= Boolean(event.text);
          break;
        case "reset":
          lane.clear();
          banner.received = false;
          break;
        case "error":
          banner.last = event.error.last;
          lane.end(
            "stopped",
            `Stopped ${lane.elapsed() < 100 ? "at once" : `after ${seconds(lane.elapsed())}`}, and said why`,
          );
          break;
        case "finish":
          lane.judge();
          break;
      }
    }
  }

  async function run() {
    leave();
    latest++;
    const mine = latest;
    const { peer, script } = chosen();
    const sdk = sdks[peer];
    const leaving = new AbortController();
    const network = makeNetwork(scripts[script].mishap, (words) => {
      $("mishap").textContent = words;
    });
    leave = () => {
      leaving.abort();
      network.end();
    };
    const { signal } = leaving;
    $("compare").dataset.state = "running";
    $("bare-name").textContent = `${sdk.name} ${versions[peer]} alone`;
    for (const { update } of panels) {
      update();
    }

    const spec = { text: said, token_delay_ms: tokenDelayMs, ...lastingRunOf(script, sdk.protocol) };
    const begun = await Promise.all([sdk.load(), newRun(spec), newRun(spec)]).catch(({ message }) => message);
    if (mine !== latest) {
      return;
    }
    if (typeof begun === "string") {
      $("mishap").textContent = begun;
      $("compare").dataset.state = "failed";
      return;
    }
    const [loaded, left, right] = begun;
    const lines = [network.line(), network.line()];
    bare.begin({ requests: lines[0].requests, said });
    ours.begin({ requests: lines[1].requests, said });
    const draw = () => {
      const span = Math.max(bare.elapsed(), ours.elapsed(), 1000);
      bare.draw(span);
      ours.draw(span);
    };
    const timer = setInterval(() => {
      draw();
      if (ours.over && !bare.over && bare.silent() > patienceMs) {
        bare.end("hung", `Still waiting after ${seconds(bare.silent())} of silence, without an error`);
        leaving.abort();
      }
    }, drawMs);
    const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended.then(() => clearInterval(timer));

    const request = requestOf(sdk.protocol, right.base, [{ role: "user", text: "Hello!" }]);
    request[1].signal = signal;
    const { provider } = protocols[sdk.protocol];
    const options = { ...policy(), provider, fetch: lines[1].fetch, bucket: right.id };
    await Promise.all([
      // An SDK that waits before a retry may ignore an abort.
      Promise.race([alone(bare, sdk, loaded, { base: left.base, fetch: lines[0].fetch, signal }), ended]),
      guarded(ours, request, options),
    ]).catch((error) => {
      if (!signal.aborted) {
        throw error;
      }
    });
    if (mine === latest) {
      clearInterval(timer);
      draw();
      network.end();
      $("compare").dataset.state = "done";
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  form.addEventListener("change", run);
  banner.addEventListener("retry", run);
  run();
}
