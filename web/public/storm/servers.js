// The servers of a storm, and their limits. `arrive(now)` decides on a request: `{status, wish}`, where wish is the
// Retry-After in ms, -1 for none; `done()` reports that a successful answer has ended.

const good = { status: 200, wish: -1 };

/** A Retry-After of at least `ms`, in whole seconds, as the header usually is; -1 if `told` is false. */
const wish = (told, ms) => (told ? Math.ceil(ms / 1000) * 1000 : -1);

export const servers = {
  /** Lets `limit` requests pass in each span of `window` ms. */
  window({ limit, window, told }) {
    let since = 0;
    let used = 0;
    return {
      arrive(now) {
        if (now >= since + window) {
          since = now - (now % window);
          used = 0;
        }
        if (used < limit) {
          used++;
          return good;
        }
        return { status: 429, wish: wish(told, since + window - now) };
      },
      done() {},
    };
  },

  /** A token bucket: refills `limit` tokens in each `window` ms, evenly, up to `burst`. */
  bucket({ limit, window, told, burst = limit }) {
    const perSecond = (limit * 1000) / window;
    let tokens = burst;
    let at = 0;
    return {
      arrive(now) {
        tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1000);
        at = now;
        if (tokens >= 1) {
          tokens--;
          return good;
        }
        return { status: 429, wish: wish(told, Math.trunc(((1 - tokens) * 1000) / perSecond) + 1) };
      },
      done() {},
    };
  },

  /** Answers `limit` requests at a time. */
  concurrency({ limit, told }) {
    let busy = 0;
    return {
      arrive() {
        if (busy < limit) {
          busy++;
          return good;
        }
        return { status: 429, wish: wish(told, 1000) };
      },
      done() {
        busy--;
      },
    };
  },

  /** Fails for the first `window` ms. */
  down: ({ window, told }) => ({
    arrive: (now) => (now < window ? { status: 503, wish: wish(told, 2000) } : good),
    done() {},
  }),
};
