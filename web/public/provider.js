// The provider's control interface: what it should do, and what it saw.

let loaded;

/** `{provider, versions}`. */
export const config = () => {
  loaded ??= fetch("config.json").then((response) => response.json());
  return loaded;
};

async function control(path, init) {
  const { provider } = await config();
  const response = await fetch(`${provider}/_chattest/${path}`, init).catch(() => {
    throw new Error("The server of this page does not answer. Is it still running?");
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error);
  }
  return answer;
}

/** Registers a run: `{id, base}`. */
export const newRun = (run) => control("runs", { method: "POST", body: JSON.stringify(run) });

/** The provider's log of a run so far; with `whole`, once all of its requests are answered. */
export const logOf = (id, whole = false) => control(`runs/${id}${whole ? "?wait=idle" : ""}`);
