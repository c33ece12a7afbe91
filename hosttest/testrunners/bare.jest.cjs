// Jest's jsdom as it is, without fetch, TextEncoder or streams: what makes no request works there.
const { classify, createController, createFetch, delay } = require("steadfetch");
const { RetryStatusElement } = require("steadfetch/element");

test("what makes no request works in jsdom as it is", () => {
  expect(typeof TextEncoder).toBe("undefined");
  expect(typeof fetch).toBe("undefined");
  expect(typeof createFetch()).toBe("function");
  expect(() => createFetch({ maxAttemps: 3 })).toThrow(TypeError);
  expect(classify({ status: 529, body: "Überlastet 🚀" }).kind).toBe("overloaded");
  expect(classify(new Error("rate limit exceeded")).kind).toBe("rate_limit");
  expect(delay(2)).toBe(4000);
});

test("<retry-status> is built there without a word in the console", () => {
  const complain = jest.spyOn(console, "error");
  const banner = document.createElement("retry-status");
  expect(banner).toBeInstanceOf(RetryStatusElement);
  banner.controller = createController();
  document.body.append(banner);
  expect(banner.shadowRoot.querySelector("[part=card]").hidden).toBe(true);
  expect(complain).not.toHaveBeenCalled();
});
