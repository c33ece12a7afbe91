// Many requests at a limit, through createFetch and by a loop by hand in the same run:
//
//   node hosttest/load/load.mjs [requests]
//
// The provider is a function in this process that takes 20 ms, so that what is measured is the package and not sockets.
// It fails where createFetch does not keep what the README promises.

// The memory of each instance of the core. It never shrinks, so its size at the end is its peak.
const memories = [];
const { instantiate, Instance } = WebAssembly;
const keep = (instance) => {
  if (instance.exports.session_new) {
    memories.push(instance.exports.memory);
  }
  return instance;
};
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  keep(made.instance ?? made);
  return made;
};
WebAssembly.Instance = new Proxy(Instance, { construct: (target, given) => keep(new target(...given)) });
const { createFetch } = await import(new URL("../../jsbridge/dist/index.js", import.meta.url));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const event = (delta, finish = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const answer = `${event({ content: "Hello" })}${event({}, "stop")}data: [DONE]\n\n`;
const limited = '{"error":{"type":"rate_limit_exceeded","message":"Rate limit exceeded"}}';

/** A provider as a fetch. `passes` decides on each request by the time. */
function provider(passes, delay = 20) {
  const began = Date.now();
  const fetch = async () => {
    fetch.sent++;
    const pass = passes(Date.now() - began);
    await sleep(delay);
    return pass
      ? new Response(answer, { headers: { "content-type": "text/event-stream" } })
      : new Response(limited, { status: 429, headers: { "content-type": "application/json", "retry-after": "1" } });
  };
  fetch.sent = 0;
  return fetch;
}

/** So many pass in each second. */
function perSecond(most) {
  let second = 0;
  let used = 0;
  return (now) => {
    if (Math.floor(now / 1000) !== second) {
      second = Math.floor(now / 1000);
      used = 0;
    }
    return ++used <= most;
  };
}

const url = "https://api.openai.com/v1/chat/completions";
const post = (key) => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
  body: '{"model":"m","stream":true,"messages":[]}',
});

/** As it is written by hand: wait as long as the server says, then again. */
const byHand = (fetch) => async (url, init) => {
  for (;;) {
    const response = await fetch(url, init);
    if (response.status !== 429) {
      return response;
    }
    await response.text();
    await sleep(Number(response.headers.get("retry-after")) * 1000);
  }
};
const ours = (fetch) => createFetch({ fetch });

/** Runs n requests at once: how long they take, and for how long the process stands still. */
async function run(make, fetch, n, key = () => "key") {
  let worst = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 10);
    last = now;
  }, 10);
  const call = make(fetch);
  const spent = process.cpuUsage();
  const began = performance.now();
  const texts = await Promise.all(Array.from({ length: n }, async (_, i) => (await call(url, post(key(i)))).text()));
  const took = performance.now() - began;
  const { user, system } = process.cpuUsage(spent);
  clearInterval(beat);
  if (texts.some((text) => text !== answer)) {
    throw new Error("an answer is not whole");
  }
  return { took, sent: fetch.sent, worst, processor: (user + system) / 1000 };
}

let failed = false;
function report(name, mine, hand, ...promises) {
  const show = ({ took, sent, worst, processor }) =>
    `${(took / 1000).toFixed(2).padStart(6)} s ${String(sent).padStart(6)} requests, processor ${Math.round(processor)} ms, blocked ${Math.round(worst)} ms at most`;
  console.log(`${name}\n  createFetch ${show(mine)}\n  by hand     ${show(hand)}`);
  for (const [what, kept] of promises) {
    console.log(`  ${kept ? "ok  " : "FAIL"} ${what}`);
    failed ||= !kept;
  }
}

const many = Number(process.argv[2] ?? 10_000);
const all = () => true;
await run(ours, provider(all), 1);
{
  const later = (now) => now > 900;
  const hand = await run(byHand, provider(later), many);
  const mine = await run(ours, provider(later), many);
  const size = Math.max(0, ...memories.map((memory) => memory.buffer.byteLength)) / 2 ** 20;
  report(
    `${many} at once meet 429, Retry-After 1`,
    mine,
    hand,
    ["within twice the loop by hand", mine.took <= 2 * hand.took],
    ["blocked for 1 s at most", mine.worst <= 1000],
    [`the module has ${size.toFixed(1)} MiB, 16 at most`, size > 0 && size <= 16],
  );
}
{
  const hand = await run(byHand, provider(perSecond(10)), 60);
  const mine = await run(ours, provider(perSecond(10)), 60);
  const kept = mine.took <= 9000 && mine.sent <= 125;
  report("60 at once, ten a second pass", mine, hand, ["9 s and 125 requests at most", kept]);
}
{
  // In turns, and the medians: other work on the machine slows both.
  const times = [[], []];
  for (let turn = 0; turn < 30; turn++) {
    for (const [i, make] of [byHand, ours].entries()) {
      times[i].push(await run(make, provider(all, 100), 20));
    }
  }
  const [hand, mine] = times.map((list) => list.sort((a, b) => a.took - b.took)[list.length >> 1]);
  const kept = mine.took <= hand.took * 1.05;
  report("20 at once, no limit, an answer takes 100 ms", mine, hand, ["nothing waits: 5 % longer at most", kept]);
}
{
  const healthy = (i) => `key ${i}`;
  const alone = await run(ours, provider(all, 100), 100, healthy);
  const limited = run(ours, provider(perSecond(1)), 5);
  await sleep(500);
  const beside = await run(ours, provider(all, 100), 100, healthy);
  await limited;
  const kept = beside.took <= alone.took + 100;
  report("100 tenants beside one at its limit (by hand: without that one)", beside, alone, [
    "they wait for nothing",
    kept,
  ]);
}
process.exitCode = failed ? 1 : 0;
