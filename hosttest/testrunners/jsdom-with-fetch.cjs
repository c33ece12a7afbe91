// jsdom with the globals of Node.js that it lacks: needed to test code that makes requests.
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
