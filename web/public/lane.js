// One side of the comparison: its answer, and the requests, waits and tokens it took.
import { make, plural, seconds } from "./shared.js";

const now = () => performance.now();

/** Shows a lane: the answer, its summary, its facts, and its requests as bars. */
export function createLane(section) {
  const find = (name) => section.querySelector(`.${name}`);
  const text = document.createTextNode("");
  find("answer").append(text);
  let run;
  /** When the first request was sent, if it was. */
  const sent = () => run.requests[0]?.at ?? run.began;

  /** Starts over. `requests` are those of the lane's line (mishap.js). */
  function begin({ requests, said }) {
    run = { requests, said, began: now(), paid: 0, dropped: 0, kept: 0, heardAt: now() };
    text.data = "";
    section.dataset.state = "flowing";
    find("sum").textContent = "";
    find("took").replaceChildren();
    find("bars").replaceChildren();
  }

  function add(piece) {
    if (piece) {
      text.appendData(piece);
      run.paid++;
      run.kept++;
      run.heardAt = now();
    }
  }

  /** Clears the answer, which starts over. */
  function clear() {
    text.data = "";
    run.dropped += run.kept;
    run.kept = 0;
  }

  /** `how` is exact, cut, wrong, failed, hung or stopped; `why` is the text to show. */
  function end(how, why) {
    run.ended = now();
    section.dataset.state = how;
    find("sum").textContent = why;
    facts(how);
  }

  function facts(how) {
    const { requests, paid, dropped, ended } = run;
    const waited = requests.slice(1).reduce((sum, { at }, i) => sum + Math.max(at - (requests[i].end ?? at), 0), 0);
    const twice = dropped > 0 ? `, ${dropped} of them twice` : "";
    const vain = how === "exact" ? "" : ", for half an answer";
    const rows = {
      Requests: String(requests.length),
      Waited: waited > 20 ? seconds(waited) : "–",
      Took: seconds(ended - sent()),
      "Paid for": paid > 0 ? plural(paid, "token") + (twice || vain) : "nothing",
    };
    find("took").replaceChildren(
      ...Object.entries(rows).map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))),
    );
  }

  /** Draws the requests on an axis of `span` ms, which both lanes share. */
  function draw(span) {
    const bars = run.requests.map(({ at, end, status, outcome }) => {
      const bar = make("span", `bar ${outcome ?? "open"}`);
      bar.title = status ? `HTTP ${status}` : "no answer";
      const from = at - sent();
      const to = (end ?? run.ended ?? now()) - sent();
      bar.style.left = `${(from / span) * 100}%`;
      bar.style.width = `${(Math.max(to - from, 0) / span) * 100}%`;
      return bar;
    });
    find("bars").replaceChildren(...bars);
  }

  return {
    begin,
    add,
    clear,
    end,
    draw,
    /** Judges the answer once the stream has ended without an error. */
    judge() {
      if (text.data === run.said) {
        return end("exact", "Exact to the byte");
      }
      if (!run.said.startsWith(text.data)) {
        return end("wrong", "Not what was sent, reported as a success");
      }
      return end("cut", `${text.data ? "Half an answer" : "No answer"}, reported as a success`);
    },
    /** How long ago the last text arrived. */
    silent: () => now() - run.heardAt,
    elapsed: () => (run.ended ?? now()) - sent(),
    get over() {
      return run.ended !== undefined;
    },
  };
}
