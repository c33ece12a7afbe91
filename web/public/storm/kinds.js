// The kinds of clients, ours first, and one storm of each.
import { formulas, waits } from "./others.js";
import { sessions } from "./ours.js";
import { servers } from "./servers.js";
import { storm } from "./world.js";

/** When a storm is abandoned, in ms on its clock. */
const most = 3600_000;

export const kinds = {
  steadfetch: undefined,
  "no coordination": formulas.alone,
  "full jitter": formulas.fullJitter,
  openai: formulas.openai,
  "AI SDK": formulas.aiSdk,
  "p-retry": formulas.pRetry,
};

/** Plays one storm. `answer` is how long an answer takes, in ms; `makeEngine` returns a new engine. */
export function play(kind, { clients, server, answer = 2000, seed = 1, ...limit }, makeEngine, progress) {
  const formula = kinds[kind];
  return storm({
    n: clients,
    network: { oneWay: 20, headers: Math.min(Math.trunc(answer / 2), 200), answer },
    server: servers[server](limit),
    makeClients: formula ? waits(formula) : sessions(makeEngine()),
    seed,
    most,
    progress,
  });
}
