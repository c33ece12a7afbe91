// The conversation: sends a message, shows the answer while it streams, and keeps both over a reload.
import { codePanel, linkRow, streamCode } from "./code.js";
import { makeNetwork } from "./mishap.js";
import { protocols, requestOf } from "./protocols.js";
import { logOf, newRun } from "./provider.js";
import { runOf, scripts } from "./scripts.js";
import { fill } from "./settings.js";
import { $, number } from "./shared.js";
import { draw } from "./timeline.js";
import "./vendor/element.js";
import { createController, stream } from "./vendor/steadfetch.js";

const answer =
  "A stream is a promise kept word by word. When the provider falters, steadfetch works out what happened, " +
  "waits as long as it was asked to, and goes on, so that the reader sees one calm line instead of an error. " +
  "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once and in order, until the very last one.";

const storage = "steadfetch-chat";
const logMs = 200;

/** Sets up the chat's form, and returns its values. */
function createSettings(form, preset) {
  fill(form, "rate_limit", preset);
  form.addEventListener("submit", (event) => event.preventDefault());
  return {
    get protocol() {
      return form.elements.protocol.value;
    },
    get script() {
      return form.elements.script.value;
    },
    get tokenDelayMs() {
      return number(form, "tokenDelayMs");
    },
    /** The engine's options. */
    get policy() {
      return {
        initialDelayMs: number(form, "initialDelayMs"),
        contentTimeoutMs: number(form, "contentTimeoutMs"),
        maxAttempts: number(form, "maxAttempts"),
        afterCommit: form.elements.afterCommit.value,
      };
    },
  };
}

export function createChat(preset) {
  const settings = createSettings($("settings"), preset);
  const controller = createController();
  const prompt = $("prompt");
  /** The messages: {role, text, note?}. An answer's note says whether it is exactly what the provider sent. */
  let turns = [];
  /** The exchange that has not succeeded: {run, protocol, script}; it is in progress if `busy`. */
  let pending;
  let busy = false;
  let text; // the text node that the answer goes to

  const banner = $("banner");
  banner.controller = controller;
  banner.addEventListener("retry", () => exchange());

  // The conversation in the page.

  function show(turn) {
    const item = document.createElement("li");
    item.className = turn.role;
    const who = document.createElement("span");
    who.className = "unseen";
    who.textContent = turn.role === "user" ? "You: " : "Answer: ";
    const node = document.createTextNode(turn.text);
    const body = document.createElement("p");
    body.append(node);
    item.append(who, body);
    $("turns").append(item);
    showNote(item, turn);
    $("intro").hidden = true;
    follow(true);
    return { item, node };
  }

  function showNote(item, { note }) {
    if (note) {
      const line = document.createElement("p");
      line.className = note.same ? "note" : "note wrong";
      line.textContent = note.words;
      item.append(line);
      follow();
    }
  }

  /** Scrolls to the end, unless the reader has scrolled up. */
  function follow(always = false) {
    const box = $("scroll");
    if (always || box.scrollHeight - box.scrollTop - box.clientHeight < 80) {
      box.scrollTop = box.scrollHeight;
    }
  }

  function setBusy(on) {
    busy = on;
    $("send").hidden = on;
    $("halt").hidden = !on;
  }

  // What outlives a reload.

  function save() {
    const { status } = controller;
    sessionStorage.setItem(storage, JSON.stringify({ turns, pending, status, partial: text?.data ?? "" }));
  }

  function load() {
    const stored = JSON.parse(sessionStorage.getItem(storage) ?? "null");
    if (!stored) {
      return;
    }
    turns = stored.turns;
    pending = stored.pending;
    for (const turn of turns) {
      show(turn);
    }
    if (!pending) {
      return;
    }
    // A wait continues, and a failure stays a failure; an answer that was in progress is requested again.
    const { status, partial } = stored;
    const under = ["idle", "opening", "streaming"].includes(status.state);
    exchange(under ? undefined : { status, partial });
  }

  // Sending.

  async function ask() {
    const said = prompt.value.trim();
    if (!said || busy) {
      return;
    }
    setBusy(true);
    prompt.value = "";
    keepPartial();
    turns.push({ role: "user", text: said });
    const { item } = show(turns.at(-1));
    $("chat-mishap").textContent = "";
    const { protocol, script, tokenDelayMs } = settings;
    try {
      const run = await newRun({ text: answer, token_delay_ms: tokenDelayMs, ...runOf(script, protocol) });
      pending = { run, protocol, script };
    } catch (error) {
      turns.pop();
      item.remove();
      prompt.value = said;
      setBusy(false);
      $("chat-mishap").textContent = error.message;
      return;
    }
    await exchange();
  }

  /** A partial answer that will not be retried becomes a part of the conversation. */
  function keepPartial() {
    const partial = $("turns").querySelector("li.partial");
    partial?.classList.remove("partial");
    if (partial) {
      turns.push({ role: "assistant", text: text.data });
    }
    pending = text = undefined;
  }

  /** Requests the answer to the last turn, and shows it while it streams. `stored` is what was kept over a reload. */
  async function exchange(stored) {
    const { run, protocol, script } = pending;
    $("turns").querySelector("li.partial")?.remove();
    const { item, node } = show({ role: "assistant", text: stored?.partial ?? "" });
    item.classList.add("partial", "flowing");
    text = node;
    setBusy(true);
    const began = performance.now();
    const stopLog = watchLog(run.id);
    const network = makeNetwork(scripts[script].mishap, (words) => {
      $("chat-mishap").textContent = words;
    });
    const { policy } = settings;
    const options = {
      ...policy,
      provider: protocols[protocol].provider,
      controller,
      fetch: network.line().fetch,
      restore: stored?.status,
    };
    let failed = false;
    Object.assign(banner, { controller, received: node.length > 0, last: undefined });
    for await (const event of stream(...requestOf(protocol, run.base, turns), options)) {
      switch (event.type) {
        case "message":
          node.appendData(event.text ?? "");
          banner.received = node.length > 0;
          follow();
          break;
        case "retry":
          // Text that will be dropped is shown paler.
          item.classList.toggle("stale", policy.afterCommit === "restart");
          break;
        case "reset":
          item.classList.remove("stale");
          node.data = "";
          banner.received = false;
          break;
        case "error":
          failed = true;
          banner.last = event.error.last;
          break;
      }
    }
    network.end();
    item.classList.remove("flowing", "stale");
    if (!failed) {
      item.classList.remove("partial");
      turns.push({ role: "assistant", text: node.data });
      pending = undefined;
    } else if (!node.data) {
      item.remove();
    }
    setBusy(false);
    save();
    const ms = performance.now() - began;
    const log = await stopLog();
    if (!failed) {
      const turn = turns.findLast(({ role }) => role === "assistant");
      turn.note = compare(turn.text, log, ms);
      showNote(item, turn);
      save();
    }
  }

  /** Compares the answer with what the provider sent. */
  function compare(got, { text, requests }, ms) {
    const same = got === text;
    const n = requests.length;
    const count = `${n} ${n === 1 ? "request" : "requests"}, ${(ms / 1000).toFixed(1)} s`;
    return { same, words: same ? `Exact to the byte · ${count}` : `Not what the provider sent · ${count}` };
  }

  /** Draws the provider's log at intervals. The function that it returns stops that, and draws it once more. */
  function watchLog(id) {
    let timer;
    let over = false;
    const began = performance.now();
    let offset; // between the run's clock and the page's
    $("log").dataset.run = id;
    async function look() {
      const last = over;
      // While the page is offline the log cannot be read either: try again soon.
      const log = await logOf(id, last).catch((error) => {
        if (last) {
          throw error;
        }
      });
      if (log) {
        paint(log);
      }
      if (!over) {
        timer = setTimeout(look, logMs);
      }
      return log;
    }
    function paint(log) {
      if (offset === undefined && log.requests.length > 0) {
        offset = log.requests.at(-1).at_ms - (performance.now() - began);
      }
      $("log-empty").hidden = log.requests.length > 0 || log.preflights > 0;
      draw($("log"), log, over ? 0 : performance.now() - began + (offset ?? 0));
      $("log").scrollTop = $("log").scrollHeight;
    }
    const first = look();
    return async () => {
      over = true;
      clearTimeout(timer);
      await first;
      return look();
    };
  }

  // The page's controls.

  const panel = codePanel("All the code", () => streamCode(settings.policy));
  $("chat-code").append(panel.figure, linkRow());
  $("settings").addEventListener("change", panel.update);

  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      ask();
    }
  });
  $("halt").addEventListener("click", () => controller.stop());
  $("clear").addEventListener("click", () => {
    controller.stop();
    sessionStorage.removeItem(storage);
    removeEventListener("pagehide", save);
    location.reload();
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && busy) {
      controller.stop();
    }
  });
  controller.subscribe(save);
  addEventListener("pagehide", save);
  load();
  if (!matchMedia("(pointer: coarse)").matches) {
    prompt.focus(); // on a phone it would open the keyboard
  }
}
