// One dialog for whatever the desk decides: what was found, how many, and why.

import { byId, make, notice, setText } from "./dom.js";
import { said } from "./words.js";

let act = null;

// ask({title, text, choices: [[value, words, off], ...], legend, quantity, label, reason, always, act(answer)});
// answer is {choice, quantity, why}. One choice needs no question unless `always`; `reason: false` makes why
// optional. What the hub refuses is said in the dialog, which stays open.
export function ask(asked) {
  act = asked.act;
  const choices = asked.choices || [];
  setText(byId("ask-title"), asked.title);
  setText(byId("ask-text"), asked.text);
  setText(byId("ask-problem"), "");
  setText(byId("ask-submit"), asked.label);
  byId("ask-found").hidden = choices.length < (asked.always ? 1 : 2);
  setText(byId("ask-legend"), asked.legend || "What did you find?");
  byId("ask-choices").replaceChildren(...choices.map(([value, words, off]) =>
    make("label", { class: "choice" }, make("input", {
      type: "radio", name: "choice", value, required: true, checked: choices.length === 1 && !off, disabled: off,
    }), words)));
  byId("ask-counted").hidden = asked.quantity === undefined;
  byId("ask-quantity").disabled = asked.quantity === undefined;
  byId("ask-quantity").value = asked.quantity === undefined || asked.quantity === null ? "" : asked.quantity;
  byId("ask-why").value = "";
  byId("ask-why").required = asked.quantity === undefined && asked.reason !== false;
  byId("ask").showModal();
}

async function submit(event) {
  event.preventDefault();
  const chosen = byId("ask-choices").querySelector("input:checked");
  byId("ask-submit").disabled = true;
  try {
    const answer = await act({
      choice: chosen && chosen.value, quantity: Number(byId("ask-quantity").value), why: byId("ask-why").value.trim(),
    });
    byId("ask").close();
    waits(answer);
  } catch (error) {
    setText(byId("ask-problem"), error.message);
  } finally {
    byId("ask-submit").disabled = false;
  }
}

// What needs somebody's approval is not done yet: that is said.
export function waits(answer) {
  if (answer && answer.waits_for) notice(`It waits for the approval of a ${said(answer.waits_for)}.`);
}

export function listen() {
  byId("ask-form").addEventListener("submit", submit);
  byId("ask-back").addEventListener("click", () => byId("ask").close());
}
