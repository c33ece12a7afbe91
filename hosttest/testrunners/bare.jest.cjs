// Jest's plain jsdom, without fetch, TextEncoder or streams: everything that makes no request works there.
const { classify, createController, createFetch, delay } = require("steadfetch");
const { RetryStatusElement } = require("steadfetch/element");

test("everything that makes no request works in plain jsdom", () => {
  expect(typeof TextEncoder).toBe("undefined");
  expect(typeof fetch).toBe("undefined");
  expect(typeof createFetch()).toBe("function");
  expect(() => createFetch({ maxAttemps: 3 })).toThrow(TypeError);
  expect(classify({ status: 529, body: "Überlastet 🚀" }).kind).toBe("overloaded");
  expect(classify(new Error("rate limit exceeded")).kind).toBe("rate_limit");
  expect(delay(2)).toBe(4000);
});

test("<retry-status> is created there without errors in the console", () => {
  const complain = jest.spyOn(console, "error");
  const banner = document.createElement("retry-status");
  expect(banner).toBeInstanceOf(RetryStatusElement);
  banner.controller = createController();
  document.body.append(banner);
  expect(banner.shadowRoot.querySelector("[part=card]").hidden).toBe(true);
  expect(complain).not.toHaveBeenCalled();
});
