// One side of the comparison: what it showed, and what that took.
import { make, plural, seconds } from "./dom.js";

const now = () => performance.now();

/** The page's side of a lane: an answer, its sum, its facts and its requests as bars. */
export function createLane(section) {
  const find = (name) => section.querySelector(`.${name}`);
  const text = document.createTextNode("");
  find("answer").append(text);
  let run;

  /** Begins anew. `requests` are those of the lane's own line (mishap.js). */
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

  /** Drops what is shown: the answer starts over. */
  function clear() {
    text.data = "";
    run.dropped += run.kept;
    run.kept = 0;
  }

  /** How it ended: exact, cut, wrong, failed, hung or stopped. `why` is for people. */
  function end(how, why) {
    run.ended = now();
    section.dataset.state = how;
    find("sum").textContent = why;
    facts(how);
  }

  function facts(how) {
    const { requests, paid, dropped, began, ended } = run;
    const waited = requests.slice(1).reduce((sum, { at }, i) => sum + Math.max(at - (requests[i].end ?? at), 0), 0);
    const twice = dropped > 0 ? `, ${dropped} of them twice` : "";
    const vain = how === "exact" ? "" : ", for half an answer";
    const rows = {
      Requests: String(requests.length),
      Waited: waited > 20 ? seconds(waited) : "–",
      "Paid for": paid > 0 ? plural(paid, "token") + (twice || vain) : "nothing",
      Took: seconds(ended - began),
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
      const from = at - run.began;
      const to = (end ?? run.ended ?? now()) - run.began;
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
    /** How it stands when nothing more comes. */
    judge() {
      if (text.data === run.said) {
        return end("exact", "Exact to the byte");
      }
      if (!run.said.startsWith(text.data)) {
        return end("wrong", "Not what was said, reported as a success");
      }
      return end("cut", `${text.data ? "Half an answer" : "No answer"}, reported as a success`);
    },
    /** For how long nothing has come. */
    silent: () => now() - run.heardAt,
    elapsed: () => (run.ended ?? now()) - run.began,
    get over() {
      return run.ended !== undefined;
    },
  };
}
