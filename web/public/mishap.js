// Simulates what can happen to the machine or its network, with a fetch of its own: no connection is really lost, but
// callers of this fetch, and listeners to the browser's events, see what they would see.

const now = () => performance.now();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** A mishap strikes once this many chunks of an answer have arrived. */
const strikesAt = 14;
/** Chromium's error messages. */
const broken = () => new TypeError("network error");
const refused = () => new TypeError("Failed to fetch");

/** `asleep`, `down`: for how long, in ms. `jump`: how far the clock jumps ahead, in ms. */
const mishaps = {
  server: { down: 10_000, words: "The server is down" },
  offline: { down: 5000, offline: true, words: "Offline" },
  sleep: { asleep: 2500, jump: 30 * 60_000, down: 1500, offline: true, words: "The laptop sleeps" },
};

/** Sets navigator.onLine and dispatches the event, as the browser would. */
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
 * A network to which the mishap `name` happens once. `line()` returns a `fetch`
 * for one client, and the `requests` it has made: `{at, end, status, outcome}`; a
 * mishap strikes all lines at the same time. `onChange` gets the text to show
 * during the mishap, and "" when it is over. `end()` restores everything.
 */
export function makeNetwork(name, onChange = () => {}) {
  const mishap = mishaps[name];
  const bodies = new Set(); // a function for each answer in progress that breaks it
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
      document.dispatchEvent(new Event("resume")); // as after a sleep (Page Lifecycle API)
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

  /** Passes the body on, until a mishap breaks it. */
  function watched(body, record) {
    const reader = body.getReader();
    let fail;
    const failed = new Promise((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {}); // it may reject while nobody reads
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
