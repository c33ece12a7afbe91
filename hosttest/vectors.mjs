// Plays the vectors of testdata on the module, by ABI.md alone. It is independent of the host: it uses no files, network or
// test framework, so it runs in Node.js, Deno, Bun, Workers and browsers. testdata/README.md describes the vectors.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A module's exports, with helpers that access its memory. */
function abi(exports) {
  // Any call may grow the memory, which invalidates views of it.
  const memory = () => new Uint8Array(exports.memory.buffer);
  const put = (bytes) => {
    const at = exports.buffer(bytes.length);
    if (at === 0) throw new Error(`no buffer of ${bytes.length} bytes`);
    memory().set(bytes, at);
    return bytes.length;
  };
  const bytesAt = (at, length) => memory().slice(at, at + length);
  const text = (length) => decoder.decode(bytesAt(exports.result(), length));
  const result = (length) =>
    length < 0 ? { refused: JSON.parse(text(-length)).error } : { answer: JSON.parse(text(length)) };
  return { exports, put, text, result, json: (value) => put(encoder.encode(JSON.stringify(value))) };
}

/**
 * Plays session vectors.
 * @param instantiate returns the exports of a new instance, on which `_initialize` was called; may be asynchronous.
 * @param files the files of testdata/sessions, parsed, as `{ name: content }`.
 * @returns how many vectors there were, and a text for each that failed.
 */
export async function playSessions(instantiate, files) {
  const outcome = { count: 0, failures: [] };
  for (const [name, file] of Object.entries(files)) {
    for (const vector of file.vectors) {
      outcome.count++;
      const module = abi(await instantiate());
      if (module.exports.abi_version() !== 3) throw new Error("another ABI version");
      const handles = [];
      for (const [at, step] of vector.steps.entries()) {
        let got;
        try {
          got = call(module, handles, step, file.fragments ?? {});
        } catch (error) {
          got = { threw: String(error) };
        }
        const wrong = difference(step, got, file.fragments ?? {});
        if (wrong !== "") {
          outcome.failures.push(`${name}: ${vector.name}: step ${at}: ${wrong}`);
          break;
        }
      }
      for (const handle of handles) module.exports.session_free(handle);
    }
  }
  return outcome;
}

/** Makes a step's call. */
function call(module, handles, step, fragments) {
  const { exports } = module;
  const handle = handles[step.session ?? 0];
  if (step.new) {
    const made = exports.session_new(module.json(step.new));
    handles.push(made);
    return made > 0 ? {} : module.result(made);
  }
  if (step.policy) return module.result(exports.policy(module.json(step.policy)));
  if (step.delay !== undefined) return { answer: exports.delay(step.delay) };
  if (step.share) {
    const { refused } = module.result(exports.share(module.json(step.share)));
    return { refused };
  }
  if (step.happened) {
    const got = module.result(exports.session_event(handle, module.json(step.happened)));
    return { ...got, bytes: move(module, handle, got.answer) };
  }
  if (step.chunk !== undefined) {
    const chunk = expand(step.chunk, fragments);
    const length = module.put(chunk);
    const ready = exports.session_chunk(handle, step.attempt ?? 0, length, step.now);
    const got = ready < 0 ? module.result(-ready) : {};
    if ((step.attempt ?? 0) === held(module, handle).attempt) held(module, handle).add(chunk);
    return { ...got, bytes: move(module, handle, got.answer ?? { do: "none", bytes: ready }) };
  }
  if (step.snapshot) return module.result(exports.session_snapshot(handle));
  if (step.rewrite !== undefined) {
    const length = exports.session_rewrite(handle, module.put(encoder.encode(step.rewrite)));
    return length < 0 ? module.result(length) : { answer: module.text(length) };
  }
  throw new Error("a step without a call");
}

/** The held bytes of a session's attempt. */
function held(module, handle, attempt = 0) {
  module.held ??= new Map();
  if (attempt || !module.held.has(handle)) {
    const mine = { attempt, bytes: new Uint8Array() };
    mine.add = (more) => {
      mine.bytes = join([mine.bytes, more]);
    };
    module.held.set(handle, mine);
  }
  return module.held.get(handle);
}

/** Applies the module's moves to the held bytes, and returns those that are released. */
function move(module, handle, answer) {
  const mine = held(module, handle);
  const at = module.exports.session_moves(handle) >>> 0;
  const { buffer } = module.exports.memory;
  const moves = at ? new Int32Array(buffer, at + 4, 3 * new Int32Array(buffer, at, 1)[0]) : [1, answer?.bytes ?? 0, 0];
  let out = new Uint8Array();
  for (let i = 0; i < moves.length; i += 3) {
    const [kind, n, third] = moves.slice(i, i + 3);
    if (kind === 3) out = join([out, new Uint8Array(buffer, third, n)]);
    if (kind === 1) out = join([out, mine.bytes.subarray(0, n)]);
    if (kind <= 2) mine.bytes = mine.bytes.subarray(n);
    if (kind === 4) {
      const end = mine.bytes.length - third;
      mine.bytes = join([mine.bytes.subarray(0, end - n), mine.bytes.subarray(end)]);
    }
  }
  if (answer?.do === "open") held(module, handle, answer.attempt);
  else if (answer && answer.do !== "none" && answer.do !== "read") mine.attempt = 0;
  return out;
}

/** Describes how a result differs from the expected one; "" if it does not. */
function difference(step, got, fragments) {
  if (got.threw) return got.threw;
  if (step.refused !== got.refused) return `refused: want ${step.refused}, got ${got.refused}`;
  if (!equal(step.answer, got.answer))
    return `answer:\nwant ${JSON.stringify(step.answer)}\ngot  ${JSON.stringify(got.answer)}`;
  const bytes = got.bytes ?? new Uint8Array();
  if (step.bytes?.fnv1a) {
    if (step.bytes.length !== bytes.length || step.bytes.fnv1a !== fnv1a(bytes))
      return `bytes: want ${JSON.stringify(step.bytes)}, got ${bytes.length} with ${fnv1a(bytes)}`;
    return "";
  }
  const want = step.bytes === undefined ? new Uint8Array() : expand(step.bytes, fragments);
  if (want.length !== bytes.length || want.some((byte, i) => byte !== bytes[i]))
    return `bytes:\nwant ${new TextDecoder().decode(want)}\ngot  ${new TextDecoder().decode(bytes)}`;
  return "";
}

/** The bytes that a Text means. */
function expand(text, fragments) {
  if (typeof text === "string") {
    if (!text.startsWith("$")) return encoder.encode(text);
    const fragment = fragments[text.slice(1)];
    if (fragment === undefined) throw new Error(`there is no fragment ${text}`);
    return encoder.encode(fragment);
  }
  if (Array.isArray(text)) return join(text.map((piece) => expand(piece, fragments)));
  if (text.base64 !== undefined) return Uint8Array.from(atob(text.base64), (c) => c.charCodeAt(0));
  return join(new Array(text.times).fill(expand(text.of, fragments)));
}

function join(parts) {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function fnv1a(bytes) {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

function equal(a, b) {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  );
}

/**
 * Plays classify vectors, on one instance: a list of failures and verdicts, or `texts` and `statuses` with whether they
 * are retryable.
 * @param exports the exports of an instance.
 * @param files the files of testdata/classify, parsed, as `{ name: content }`.
 */
export function playClassify(exports, files) {
  const module = abi(exports);
  const outcome = { count: 0, failures: [] };
  const check = (name, failure, matches, want) => {
    outcome.count++;
    const { answer, refused } = module.result(exports.classify(module.json(failure)));
    if (refused !== undefined || !matches(answer))
      outcome.failures.push(
        `${name}: ${JSON.stringify(failure)}:\nwant ${JSON.stringify(want)}\ngot  ${refused ?? JSON.stringify(answer)}`,
      );
  };
  for (const [name, file] of Object.entries(files)) {
    if (Array.isArray(file)) {
      for (const { failure, verdict } of file) check(name, failure, (v) => equal(v, verdict), verdict);
      continue;
    }
    for (const { error, retryable } of file.texts ?? [])
      check(name, { error: { message: error } }, (v) => v.retryable === retryable, { retryable });
    for (const { status, retryable } of file.statuses ?? [])
      check(name, { status }, (v) => v.retryable === retryable, { retryable });
  }
  return outcome;
}
