// jsdom with what Node.js has and it has not: the way to test what makes requests.
const { TestEnvironment } = require("jest-environment-jsdom");

const names = ["fetch", "Headers", "Request", "Response", "ReadableStream", "TextDecoder", "TextEncoder"];

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of [...names, "AbortController", "AbortSignal", "Blob", "FormData"]) {
      this.global[name] = globalThis[name];
    }
  }
};
