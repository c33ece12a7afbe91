// What the views share: helpers for making elements, and the module.

import { init } from "./vendor/steadfetch.js";

export const $ = (id) => document.getElementById(id);

/** Creates an element with a class and content; undefined and empty parts are left out. */
export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  element.append(...content.filter((part) => part !== undefined && part !== ""));
  return element;
}

/** A radio button in its label. */
export function radio(name, value, checked, ...content) {
  const input = make("input");
  Object.assign(input, { type: "radio", name, value, checked });
  return make("label", "", input, ...content);
}

/** A button that copies what `text()` returns, and shows that it did. */
export function copyButton(words, text, className = "") {
  const button = make("button", `copy ${className}`, words);
  button.type = "button";
  button.addEventListener("click", async () => {
    const copied = text();
    try {
      await navigator.clipboard.writeText(copied);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => {
      button.textContent = words;
    }, 1500);
  });
  return button;
}

/** A number field's value; undefined if it is empty. */
export const number = (form, name) =>
  form.elements[name].value === "" ? undefined : Number(form.elements[name].value);

/** Whether the reader prefers less motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const seconds = (ms) => (ms < 50 ? "< 0.1 s" : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`);
export const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

let loading;

/** The module, fetched and compiled once for the package, the storm, and the plot of waits. */
export function compiled() {
  loading ??= fetch("steadfetch/steadfetch.wasm")
    .then((response) => response.arrayBuffer())
    .then((bytes) => WebAssembly.compile(bytes));
  return loading;
}

/** Gives the module to the package. */
export const begin = () => init(compiled());
