// The storm's view: its form, the plot and the table, and the results as CSV.
import { codePanel, linkRow } from "./code.js";
import { $, compiled, copyButton, make, number, still } from "./shared.js";
import { kinds } from "./storm/kinds.js";
import uPlot from "./vendor/uplot.js";

/** How long the playback of a storm lasts, in ms, however long the storm takes on its own clock. */
const showMs = 5000;
const code = () => `import OpenAI from "openai";
import { createFetch } from "steadfetch";

// Requests that share a limit wait for each other.
const client = new OpenAI({
  fetch: createFetch(),
  maxRetries: 0,
});`;
const names = Object.keys(kinds);
const dashes = [[], [6, 3], [2, 3], [], [8, 3, 2, 3], [1, 2]];

const colours = ["--steady", "--amber", "--blue", "--red", "--violet", "--quiet"];
const text = (n) => n.toLocaleString("en");
const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
/** The current value of a light-dark() colour: a canvas cannot use light-dark(). */
function resolved(name) {
  const probe = make("span");
  probe.style.color = colourOf(name);
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function duration(ms) {
  if (ms < 100_000) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** The sliders that are logarithmic. */
const scales = { clients: { least: 10, decades: 3 }, limit: { least: 1, decades: 4 } };
/** Converts a slider's position to a number with two significant digits, and back. */
const numberAt = (place, { least, decades }) => Number((least * 10 ** ((place / 60) * decades)).toPrecision(2));
const placeOf = (n, { least, decades }) => Math.round((Math.log10(n / least) / decades) * 60);

/** Fills the form from a link: `?clients=10000&limit=100&window=60&told=false&seed=7`. */
function fillIn(form, preset) {
  for (const [name, value] of preset) {
    const field = form.elements.namedItem(name);
    if (name in scales) {
      field.value = placeOf(Number(value), scales[name]);
    } else if (name === "told") {
      field.checked = value !== "false";
    } else if (field) {
      field.value = value;
    }
  }
}

export async function createStorm(preset) {
  const form = $("storm-settings");
  fillIn(form, preset);
  const link = make("link");
  Object.assign(link, { rel: "stylesheet", href: "uplot.css" });
  document.head.append(link);

  let worker;
  let plot;
  let results = {};
  let options;
  let frame;

  const rows = Object.fromEntries(
    names.map((name, i) => {
      const swatch = make("span", "swatch");
      swatch.style.background = `var(${colours[i]})`;
      const head = make("th", "", swatch, name);
      head.scope = "row";
      const cells = Array.from({ length: 4 }, () => make("td", "", "…"));
      $("storm-table").tBodies[0].append(make("tr", i === 0 ? "ours" : "", head, ...cells));
      return [name, cells];
    }),
  );

  /** The form's values. */
  function read() {
    return {
      clients: numberAt(form.elements.clients.value, scales.clients),
      server: form.elements.server.value,
      limit: numberAt(form.elements.limit.value, scales.limit),
      window: number(form, "window") * 1000,
      told: form.elements.told.checked,
      seed: number(form, "seed") || 1,
    };
  }

  function label() {
    const { clients, server, limit, window } = read();
    const [forClients, forLimit, forWindow] = form.querySelectorAll("output");
    forClients.value = text(clients);
    forLimit.value = server === "bucket" ? `${text(limit)} in a window` : text(limit);
    forWindow.value = `${window / 1000} s`;
    form.elements.limit.disabled = server === "down";
    form.elements.window.disabled = server === "concurrency";
  }

  /** How many seconds are drawn: all of ours, and a part of what the others need. */
  function span() {
    const drains = Object.values(results).map(({ drain }) => drain);
    const own = results.steadfetch?.drain ?? Math.min(...drains);
    return Math.min(Math.max(own * 2.5, 15_000), Math.max(...drains, 15_000)) / 1000;
  }

  function draw(upTo) {
    const end = Math.ceil(span());
    const x = Array.from({ length: end + 1 }, (_, i) => i);
    const lines = names.map((name) => {
      const seconds = results[name]?.seconds;
      return x.map((i) => (seconds && i <= upTo ? (seconds[i]?.arrived ?? 0) : null));
    });
    // In the first second every client sends a request; scale the axis to what comes after.
    const most = Math.max(
      1,
      ...Object.values(results).flatMap(({ seconds }) => seconds.slice(1, end + 1).map(({ arrived }) => arrived)),
    );
    plot ??= makePlot();
    plot.setData([x, ...lines], false);
    plot.batch(() => {
      plot.setScale("x", { min: 0, max: end });
      plot.setScale("y", { min: 0, max: most * 1.08 });
    });
  }

  function makePlot() {
    const [ink, line] = [resolved("--quiet"), resolved("--line")];
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const font = `11px ${getComputedStyle(document.documentElement).fontFamily}`;
    return new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, auto: false }, y: { auto: false } },
        axes: [
          { ...axis, font, label: "seconds on the storm's clock", labelFont: font, labelSize: 20, size: 34 },
          { ...axis, font, label: "requests a second at the server", labelFont: font, labelSize: 20, size: 48 },
        ],
        series: [
          {},
          ...names.map((name, i) => ({
            label: name,
            stroke: resolved(colours[i]),
            width: i === 0 ? 3 : 1.5,
            dash: dashes[i],
            paths: uPlot.paths.stepped({ align: 1 }),
            points: { show: false },
          })),
        ],
      },
      [[0], ...names.map(() => [null])],
      $("storm-plot"),
    );
  }

  const size = () => ({ width: $("storm-plot").clientWidth, height: Math.max(260, Math.min(360, innerHeight * 0.42)) });

  function fill(upTo) {
    for (const name of names) {
      const cells = rows[name];
      const result = results[name];
      if (!result) {
        for (const cell of cells) {
          cell.textContent = "…";
        }
        continue;
      }
      const past = result.seconds.slice(0, upTo + 1);
      const refused = past.reduce((sum, second) => sum + second.refused, 0);
      const answered = past.reduce((sum, second) => sum + second.arrived - second.refused, 0);
      const peak = Math.max(0, ...past.slice(1).map((second) => second.arrived));
      const over = upTo >= result.seconds.length - 1;
      const end = result.left > 0 ? `not in an hour: ${text(result.left)} left` : duration(result.drain);
      for (const [i, words] of [over ? end : "…", text(refused), text(peak), text(answered)].entries()) {
        cells[i].textContent = words;
      }
    }
  }

  /** Plays the storms back, faster than their clock. */
  function show() {
    cancelAnimationFrame(frame);
    const whole = Math.ceil(span());
    const began = performance.now();
    const step = () => {
      const part = still() ? 1 : Math.min((performance.now() - began) / showMs, 1);
      const upTo = Math.floor(part * whole);
      draw(upTo);
      fill(part < 1 ? upTo : Number.POSITIVE_INFINITY);
      if (part < 1) {
        frame = requestAnimationFrame(step);
        return;
      }
      $("storm").dataset.state = "done";
    };
    step();
  }

  function halt() {
    worker?.terminate();
    worker = undefined;
    cancelAnimationFrame(frame);
    $("storm-run").textContent = "Run";
  }

  async function run() {
    halt();
    options = read();
    results = {};
    $("storm").dataset.state = "running";
    $("storm-run").textContent = "Stop";
    $("storm-note").textContent = "Playing…";
    fill(0);
    const mine = new Worker(new URL("storm/worker.js", import.meta.url), { type: "module" });
    worker = mine;
    mine.addEventListener("message", ({ data: { kind, now, result } }) => {
      if (result) {
        results[kind] = result;
      } else if (kind) {
        $("storm-note").textContent = `Playing ${kind}: ${duration(now)} so far…`;
      } else {
        halt();
        $("storm-note").textContent =
          `${text(options.clients)} clients of each kind, seed ${options.seed}. Their first second is the same, and is cut off in the plot.`;
        show();
      }
    });
    const module = await compiled();
    if (worker === mine) {
      mine.postMessage({ module, options });
    }
  }

  /** A line for each second and kind. */
  function csv() {
    const lines = names.flatMap((name) =>
      (results[name]?.seconds ?? []).map(({ arrived, refused }, second) =>
        [name, second, arrived, arrived - refused, refused].join(),
      ),
    );
    return `${["clients", "second", "requests", "answered", "in vain"].join()}\n${lines.join("\n")}\n`;
  }

  form.addEventListener("input", label);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (worker) {
      halt();
      $("storm-note").textContent = "Stopped.";
    } else {
      run();
    }
  });
  form.addEventListener("change", run);
  $("storm-csv").addEventListener("click", () => {
    const file = make("a");
    const { clients, server, seed } = options;
    Object.assign(file, {
      href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })),
      download: `storm-${clients}-${server}-${seed}.csv`,
    });
    file.click();
    URL.revokeObjectURL(file.href);
  });
  $("storm-csv").after(
    copyButton("Copy the link", () => {
      const { window, ...rest } = read();
      const query = new URLSearchParams({ ...rest, window: window / 1000 });
      return `${location.origin}${location.pathname}?${query}#storm`;
    }),
  );
  new ResizeObserver(() => plot?.setSize(size())).observe($("storm-plot"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot?.destroy();
    plot = undefined;
    draw(Number.POSITIVE_INFINITY);
  });
  $("storm-code").append(codePanel("The code of each client", code).figure, linkRow());
  label();
  run();
}
