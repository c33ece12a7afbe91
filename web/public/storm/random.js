// PCG-DXSM, with the same numbers as Go's math/rand/v2 for the same seed, so that the page's storms are those of
// `make storm`.

const mask = (1n << 64n) - 1n;
const whole = (1n << 128n) - 1n;
const multiplier = (2549297995355413924n << 64n) | 4865540595714422341n;
const increment = (6364136223846793005n << 64n) | 1442695040888963407n;
const cheap = 0xda942042e4dd58b5n;

/** Random numbers from a seed: `float()` in [0, 1), `below(n)` an integer in [0, n). */
export function makeRandom(seed, stream) {
  let state = (BigInt(seed) << 64n) | BigInt(stream);

  function next() {
    state = (state * multiplier + increment) & whole;
    let high = state >> 64n;
    high ^= high >> 32n;
    high = (high * cheap) & mask;
    high ^= high >> 48n;
    return (high * ((state & mask) | 1n)) & mask;
  }

  return {
    float: () => Number(next() & ((1n << 53n) - 1n)) / 2 ** 53,
    /** Without bias (Lemire, "Fast Random Integer Generation in an Interval"). */
    below(n) {
      const most = BigInt(n);
      if ((most & (most - 1n)) === 0n) {
        return Number(next() & (most - 1n));
      }
      let product = next() * most;
      if ((product & mask) < most) {
        const least = ((1n << 64n) - most) % most;
        while ((product & mask) < least) {
          product = next() * most;
        }
      }
      return Number(product >> 64n);
    },
  };
}
