// What people test in their own pages, for any test runner: it passes in `test`, `expect` and the package as it loads it.
const url = "https://api.openai.com/v1/chat/completions";
const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"model":"m","stream":true}' };
const chunk = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const answer = [chunk({ role: "assistant" }), chunk({ content: "Hello" }), chunk({}, "stop"), "data: [DONE]\n\n"];

module.exports = ({ test, expect, steadfetch, testing, element }) => {
  const { classify, createController, createFetch, retry, stream } = steadfetch;
  const { faultyFetch, openaiServerErrorResponse, openaiRateLimitResponse } = testing;
  const quick = { initialDelayMs: 1 };

  test("createFetch survives a failure", async () => {
    const fetch = faultyFetch([openaiServerErrorResponse(), { chunks: answer }]);
    const response = await createFetch({ ...quick, fetch })(url, init);
    expect(await response.text()).toBe(answer.join(""));
    expect(fetch.requests.length).toBe(2);
  });

  test("stream() yields text, and starts over when it must", async () => {
    const cut = { chunks: answer.slice(0, 2), error: new TypeError("terminated") };
    const events = [];
    for await (const event of stream(url, init, { ...quick, fetch: faultyFetch([cut, { chunks: answer }]) })) {
      events.push(event.text ?? event.type);
    }
    expect(events.filter((event) => event !== "message")).toEqual(["Hello", "retry", "reset", "Hello", "finish"]);
  });

  test("retry() and classify() recognise errors of the runner's own realm", async () => {
    let calls = 0;
    const value = await retry(async () => {
      calls++;
      if (calls === 1) throw Object.assign(new Error("fetch failed"), { cause: { code: "ECONNRESET" } });
      return calls;
    }, quick);
    expect(value).toBe(2);
    expect(classify(new Error("rate limit exceeded")).kind).toBe("rate_limit");
  });

  test("an abort ends the stream, with its reason", async () => {
    const abort = new AbortController();
    const fetch = faultyFetch([{ chunks: answer.slice(0, 2), stall: true }]);
    const events = stream(url, { ...init, signal: abort.signal }, { fetch });
    await events.next();
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(
      (async () => {
        for await (const _ of events);
      })(),
    ).rejects.toBe(reason);
  });

  test("<retry-status> shows a wait in the runner's document", async () => {
    const controller = createController();
    const banner = document.createElement("retry-status");
    expect(banner).toBeInstanceOf(element.RetryStatusElement);
    banner.controller = controller;
    document.body.append(banner);
    const fetch = faultyFetch([openaiRateLimitResponse(), { chunks: answer }]);
    const events = stream(url, init, { initialDelayMs: 60_000, fetch, controller });
    const { value } = await events.next();
    expect(value.type).toBe("retry");
    expect(banner.shadowRoot.textContent).toMatch(/Rate limited.*Retrying in 60 s/s);
    banner.shadowRoot.querySelector("[part~=retry-now]").click();
    let text = "";
    for await (const event of events) text += event.text ?? "";
    expect(text).toBe("Hello");
    expect(banner.getAttribute("tone")).toBe(null);
  });
};
