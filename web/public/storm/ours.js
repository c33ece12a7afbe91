// Our clients: sessions of the real module, all in one instance, as in one page. They are driven as the package drives
// them, but on the storm's clock. The same as hosttest/storm/ours.go.

/** The wall clock at the start. */
const epoch = 1_800_000_000_000;
const bytes = (text) => new TextEncoder().encode(text);
const chunk = (choice) => `data: {"id":"1","object":"chat.completion.chunk","choices":[${choice}]}\n\n`;
const output = bytes(chunk('{"index":0,"delta":{"content":"A"}}'));
const ending = bytes(`${chunk('{"index":0,"delta":{},"finish_reason":"stop"}')}data: [DONE]\n\n`);
const request = { method: "POST", url: "https://api.openai.com/v1/chat/completions", body: '{"stream":true}' };

/** Clients that are sessions of `engine`, which nothing else uses. */
export const sessions = (engine) => (world) => {
  const attempts = new Int32Array(world.n);
  const handles = Array.from({ length: world.n }, (_, id) => engine.open({ id, policy: {}, request }));

  function act(c, answer) {
    attempts[c] = answer.attempt ?? 0;
    world.wake(c, answer.timerAt ? Math.max(answer.timerAt - epoch - world.now, 0) : -1);
    if (answer.do === "open") {
      world.send(c);
    }
    for (const id of answer.wake ?? []) {
      world.wake(id, 0);
    }
  }

  function step(c, happened) {
    if (handles[c] !== undefined) {
      act(c, engine.event(handles[c], { now: epoch + world.now, attempt: attempts[c], ...happened }));
    }
  }

  function feed(c, events) {
    const answer = engine.chunk(handles[c], attempts[c], events, epoch + world.now);
    if (typeof answer === "object") {
      act(c, answer);
    }
  }

  return {
    start: (c) => step(c, { what: "start" }),
    timer: (c) => step(c, { what: "timer" }),
    headers(c, status, wish) {
      const headers = { "content-type": "text/event-stream", ...(wish >= 0 && { "retry-after": String(wish / 1000) }) };
      step(c, { what: "response", status, headers });
      if (status >= 400) {
        step(c, { what: "end" });
      } else {
        feed(c, output);
      }
    },
    end(c) {
      feed(c, ending);
      step(c, { what: "end" });
      engine.free(handles[c]);
      handles[c] = undefined;
    },
  };
};
