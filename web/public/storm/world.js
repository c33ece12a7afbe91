// A fake clock, one server and n clients that each want one answer. The same as hosttest/storm/world.go.
import { makeRandom } from "./random.js";

/** A heap with the earliest event first; events at the same time are in the order of insertion. */
function makeQueue() {
  const heap = [];
  const before = (a, b) => a.at < b.at || (a.at === b.at && a.seq < b.seq);
  return {
    get empty() {
      return heap.length === 0;
    },
    push(event) {
      let i = heap.length;
      while (i > 0) {
        const up = (i - 1) >> 1;
        if (!before(event, heap[up])) {
          break;
        }
        heap[i] = heap[up];
        i = up;
      }
      heap[i] = event;
    },
    pop() {
      const top = heap[0];
      const last = heap.pop();
      if (heap.length === 0) {
        return top;
      }
      let i = 0;
      for (;;) {
        let down = 2 * i + 1;
        if (down + 1 < heap.length && before(heap[down + 1], heap[down])) {
          down++;
        }
        if (down >= heap.length || !before(heap[down], last)) {
          break;
        }
        heap[i] = heap[down];
        i = down;
      }
      heap[i] = last;
      return top;
    },
  };
}

/**
 * Runs `n` clients of one kind against a server, until each has its answer or the
 * clock shows `most` ms. `network` is how long things take: `oneWay`, `headers` of
 * a successful answer, and `answer`, all of it on average.
 *
 * `makeClients` gets the world (`n`, `now`, `random`, `send(c)`, `wake(c, ms)`) and returns the clients' handlers:
 * `start(c)`, `timer(c)`, `headers(c, status, wish)`, `end(c)`. `progress(now)` is called once a second.
 */
export function storm({ n, network, server, makeClients, seed, most, progress = () => {} }) {
  const queue = makeQueue();
  const random = makeRandom(seed, 1);
  const armed = new Int32Array(n); // the number of a client's current timer
  const passed = new Float64Array(n).fill(-1); // when the headers of the answer arrived
  const seconds = []; // {arrived, refused} of each second at the server
  let now = 0;
  let seq = 0;
  let open = n;
  let requests = 0;
  let vain = 0;

  function after(ms, act) {
    queue.push({ at: now + ms, seq, act });
    seq++;
  }

  function arrive(c) {
    const { status, wish } = server.arrive(now);
    const second = Math.floor(now / 1000);
    if (seconds.length <= second) {
      progress(now);
    }
    while (seconds.length <= second) {
      seconds.push({ arrived: 0, refused: 0 });
    }
    seconds[second].arrived++;
    if (status >= 400) {
      vain++;
      seconds[second].refused++;
      after(network.oneWay, () => clients.headers(c, status, wish));
      return;
    }
    after(network.oneWay + network.headers, () => {
      passed[c] = now;
      open--;
      clients.headers(c, status, wish);
    });
    // Answers differ in length: between half and one and a half times the average.
    const length = Math.max(network.headers, Math.trunc(network.answer / 2) + random.below(network.answer + 1));
    after(length, () => server.done());
    after(length + network.oneWay, () => clients.end(c));
  }

  const world = {
    n,
    random,
    get now() {
      return now;
    },
    /** Sends a request of client c. */
    send(c) {
      requests++;
      after(network.oneWay, () => arrive(c));
    },
    /** Calls `timer(c)` after ms, replacing an earlier timer. A negative ms means never. */
    wake(c, ms) {
      armed[c]++;
      const mine = armed[c];
      if (ms >= 0) {
        after(ms, () => mine === armed[c] && clients.timer(c));
      }
    },
  };
  const clients = makeClients(world);
  for (let c = 0; c < n; c++) {
    after(0, () => clients.start(c));
  }
  while (open > 0 && !queue.empty) {
    const event = queue.pop();
    if (event.at > most) {
      break;
    }
    now = event.at;
    event.act();
  }
  return { drain: passed.reduce((last, at) => Math.max(last, at), 0), requests, vain, left: open, seconds };
}
