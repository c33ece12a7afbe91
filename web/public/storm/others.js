// Clients that do not coordinate. The formulas are those of the packages' sources, but they retry forever, while most
// packages give up after a few tries. The same as hosttest/storm/others.go.

/** `first` ms, doubled with each failure, at most `most`. */
const backoff = (failures, first, most) => Math.min(most, first * 2 ** (failures - 1));
const mostTimer = 2 ** 31 - 1;

/** How long each waits after `failures` failures in a row, from 1. `wish` is the server's Retry-After in ms, -1 for none. */
export const formulas = {
  alone: (_, failures, wish) => Math.max(backoff(failures, 1000, 60_000), wish),
  /** AWS Architecture Blog, "Exponential Backoff And Jitter". */
  fullJitter: (random, failures, wish) => Math.max(Math.trunc(random.float() * backoff(failures, 1000, 60_000)), wish),
  /** openai-node's calculateDefaultRetryTimeoutMillis; it waits as long as the server asks, up to a minute. */
  openai: (random, failures, wish) =>
    wish >= 0 && wish < 60_000 ? wish : Math.trunc(backoff(failures, 500, 8000) * (1 - random.float() * 0.25)),
  /** The AI SDK's retryWithExponentialBackoffRespectingRetryHeaders. */
  aiSdk(_, failures, wish) {
    const own = backoff(failures, 2000, mostTimer);
    return wish >= 0 && (wish < 60_000 || wish < own) ? wish : own;
  },
  /** p-retry's defaults. */
  pRetry: (_, failures) => backoff(failures, 1000, mostTimer),
};

/** Clients that wait by a formula. */
export const waits = (formula) => (world) => {
  const failures = new Int32Array(world.n);
  return {
    start: world.send,
    timer: world.send,
    end() {},
    headers(c, status, wish) {
      if (status >= 400) {
        failures[c]++;
        world.wake(c, formula(world.random, failures[c], wish));
      }
    },
  };
};
