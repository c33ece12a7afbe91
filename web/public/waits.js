// The waits of a policy, from a session of the module that fails again and again, on a simulated clock.

/** How many waits are shown. */
const most = 12;
const request = { method: "POST", url: "https://api.openai.com/v1/chat/completions", body: '{"stream":true}' };

/** The waits in ms, and whether the policy gives up after them. Throws a TypeError if the policy is invalid. */
export function waitsOf(engine, policy, seed = 1) {
  const session = engine.open({ policy: { ...policy, noCooldown: true }, request, seed });
  const waits = [];
  let now = 1_800_000_000_000;
  let answer = engine.event(session, { what: "start", now });
  while (answer.do === "open" && waits.length < most) {
    const { attempt } = answer;
    engine.event(session, { what: "response", now, attempt, status: 503, headers: {} });
    answer = engine.event(session, { what: "end", now, attempt });
    if (answer.do !== "wait") {
      break;
    }
    waits.push(answer.retry.delayMs);
    now = answer.timerAt;
    answer = engine.event(session, { what: "timer", now, attempt });
  }
  engine.free(session);
  return { waits, ends: answer.do !== "open" };
}

const space = "http://www.w3.org/2000/svg";
function shape(tag, attributes, text = "") {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.textContent = text;
  return element;
}

const words = (ms) => (ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);

/** A bar's label: seconds without the unit, so that it fits above the bar on a phone too. */
const label = (ms) => String(ms < 10_000 ? Number((ms / 1000).toPrecision(2)) : Math.round(ms / 1000));

/** Draws the waits as bars, each in front of its maximum if there is jitter. */
export function drawWaits(figure, { waits, ends }, atMost) {
  const [width, height, gap] = [figure.clientWidth || 480, 130, 6];
  const tallest = Math.max(...waits, ...atMost, 1);
  const each = width / most;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height + 16}`, role: "img" });
  const sequence = waits.map(words).join(" → ");
  svg.setAttribute("aria-label", `Waits: ${sequence || "none"}`);
  for (const [i, wait] of waits.entries()) {
    const tall = (ms) => Math.max((ms / tallest) * (height - 20), 1);
    const bar = (ms, name) =>
      shape("rect", {
        class: name,
        x: i * each + gap / 2,
        y: height - tall(ms),
        width: each - gap,
        height: tall(ms),
        rx: 3,
      });
    if (atMost[i] > wait) {
      svg.append(bar(atMost[i], "range"));
    }
    const top = height - tall(Math.max(wait, atMost[i] ?? 0));
    svg.append(bar(wait, ""), shape("text", { x: (i + 0.5) * each, y: top - 4 }, label(wait)));
    svg.append(shape("text", { x: (i + 0.5) * each, y: height + 13 }, String(i + 1)));
  }
  const total = waits.reduce((sum, wait) => sum + wait, 0);
  const caption = document.createElement("figcaption");
  const all = `Seconds after each failure; ${words(total)} in all`;
  const later = atMost.length > 0 ? `at random, up to ${words(atMost.at(-1))}` : "like the last one";
  caption.textContent = ends ? `${all}. Then it gives up.` : `${all}, and then each ${later}.`;
  figure.replaceChildren(svg, caption);
}
