// What the examples assume: the addresses of providers, which lead to the tests' provider, and the functions of a page.
const base = globalThis.DOCS_BASE ?? globalThis.process.env.DOCS_BASE;
const open = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const request = input instanceof Request ? input : undefined;
  const address = new URL(request?.url ?? input, "https://example.com");
  // Groq's paths begin with /openai. A page's relative address means its server.
  const to = base + address.pathname.replace(/^\/openai(?=\/)/, "") + address.search;
  return open(request ? new Request(to, request) : to, init);
};

Object.assign(globalThis, {
  url: "https://api.openai.com/v1/chat/completions",
  init: { method: "POST", headers: { "content-type": "application/json" }, body: '{"model":"m","stream":true}' },
  said: "", // what a person reads at the moment
  textOf: (data) => (data === "[DONE]" ? "" : (JSON.parse(data).choices[0]?.delta?.content ?? "")),
  show(text) {
    globalThis.said += text;
  },
  freshToken: async () => "new",
  clear() {
    globalThis.said = "";
  },
  failed(verdict) {
    throw new Error(verdict.message);
  },
  banner() {},
  done() {},
  ask() {
    globalThis.asked = true;
  },
});
