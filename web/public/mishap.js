// What can befall the machine or its network, acted out in the page by a fetch of its own: no connection is really
// lost, but whoever uses this fetch, or listens to the browser, sees what it would see.

const now = () => performance.now();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** A mishap strikes when this many pieces of an answer have come. */
const strikesAt = 14;
/** What Chromium says. */
const broken = () => new TypeError("network error");
const refused = () => new TypeError("Failed to fetch");

/** `asleep`, `down`: for how long, in ms. `jump`: by how much the clock is ahead afterwards. */
const mishaps = {
  server: { down: 10_000, words: "The server is down" },
  offline: { down: 5000, offline: true, words: "Offline" },
  sleep: { asleep: 2500, jump: 30 * 60_000, down: 1500, offline: true, words: "The laptop sleeps" },
};

/** Says to the page what the browser would. */
function setOnline(on) {
  if (on) {
    delete navigator.onLine;
  } else {
    Object.defineProperty(navigator, "onLine", { configurable: true, get: () => false });
  }
  dispatchEvent(new Event(on ? "online" : "offline"));
}

function jumpClock(ms) {
  const before = Date.now;
  Date.now = () => before() + ms;
}

/**
 * A network to which `name` happens once. `line()` gives a client its own
 * `fetch`, and `requests`, what it has asked: `{at, end, status, outcome}`; what
 * happens, happens to all lines at the same moment. `onChange` gets the words
 * for what is the matter, and "" when it is over. `end()` puts all back.
 */
export function makeNetwork(name, onChange = () => {}) {
  const mishap = mishaps[name];
  const bodies = new Set(); // how to break each answer that is under way
  let struck = false;
  let over = false;
  let down = false;
  let asleep = false;

  async function strike() {
    struck = true;
    const { asleep: sleeps, jump, down: lasts, offline, words } = mishap;
    onChange(words);
    if (sleeps) {
      asleep = true;
      await pause(sleeps);
      asleep = false;
      jumpClock(jump);
    }
    if (over) {
      return;
    }
    down = true;
    if (offline) {
      setOnline(false);
    }
    for (const fail of bodies) {
      fail(broken());
    }
    if (sleeps) {
      document.dispatchEvent(new Event("resume")); // as after a sleep (Page Lifecycle)
    }
    await pause(lasts);
    end();
  }

  function end() {
    if (over) {
      return;
    }
    over = true;
    down = false;
    if (Object.hasOwn(navigator, "onLine")) {
      setOnline(true);
    }
    onChange("");
  }

  /** The body, piece by piece, as long as nothing happens to it. */
  function watched(body, record) {
    const reader = body.getReader();
    let fail;
    const failed = new Promise((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {}); // it may come when nobody reads
    bodies.add(fail);
    const close = (outcome) => {
      bodies.delete(fail);
      record.end ??= now();
      record.outcome ??= outcome;
    };
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await Promise.race([reader.read(), failed]);
          if (asleep) {
            await failed;
          }
          if (done) {
            close(record.status < 400 ? "ended" : "refused");
            controller.close();
            return;
          }
          record.pieces++;
          controller.enqueue(value);
          if (mishap && !struck && record.pieces >= strikesAt) {
            strike();
          }
        } catch (error) {
          close("broken");
          reader.cancel().catch(() => {});
          controller.error(error);
        }
      },
      cancel(reason) {
        close("left");
        return reader.cancel(reason);
      },
    });
  }

  function line() {
    const requests = [];
    async function fetch(input, init) {
      const record = { at: now(), end: undefined, status: 0, outcome: undefined, pieces: 0 };
      requests.push(record);
      try {
        if (down) {
          await pause(30);
          throw refused();
        }
        const response = await globalThis.fetch(input, init);
        const { status, statusText, headers, body } = response;
        record.status = status;
        return new Response(body && watched(body, record), { status, statusText, headers });
      } catch (error) {
        record.end = now();
        record.outcome = init?.signal?.aborted ? "left" : "broken";
        throw error;
      }
    }
    return { fetch, requests };
  }

  return { line, end };
}
