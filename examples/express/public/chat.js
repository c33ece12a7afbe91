import { createController, stream } from "steadfetch";
import "steadfetch/element";

const form = document.querySelector("form");
const answer = document.querySelector(".answer");
const banner = document.querySelector("retry-status");
const controller = createController();
let events;

async function ask() {
  events?.return(); // ends the answer that is still streaming
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: form.elements.prompt.value }),
  };
  const own = stream("/api/chat", init, { controller });
  events = own;
  answer.textContent = "";
  for await (const event of own) {
    if (event.type === "message") answer.append(event.text ?? "");
    if (event.type === "reset") answer.textContent = ""; // the answer starts over
    banner.received = answer.textContent !== "";
  }
}

banner.controller = controller;
banner.addEventListener("retry", ask);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
