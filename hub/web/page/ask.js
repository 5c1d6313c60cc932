// One dialog for whatever the desk decides: what was found, how many, and why.

import { byId, make, setText } from "./dom.js";

let act = null;

// ask({title, text, choices: [[value, words], ...], quantity, label, act(answer)}); answer is
// {choice, quantity, why}. What the hub refuses is said in the dialog, which stays open.
export function ask(asked) {
  act = asked.act;
  const choices = asked.choices || [];
  setText(byId("ask-title"), asked.title);
  setText(byId("ask-text"), asked.text);
  setText(byId("ask-problem"), "");
  setText(byId("ask-submit"), asked.label);
  byId("ask-found").hidden = choices.length < 2;
  byId("ask-choices").replaceChildren(...choices.map(([value, words]) =>
    make("label", { class: "choice" },
      make("input", { type: "radio", name: "choice", value, required: true, checked: choices.length === 1 }), words)));
  byId("ask-counted").hidden = asked.quantity === undefined;
  byId("ask-quantity").disabled = asked.quantity === undefined;
  byId("ask-quantity").value = asked.quantity === undefined || asked.quantity === null ? "" : asked.quantity;
  byId("ask-why").value = "";
  byId("ask-why").required = asked.quantity === undefined;
  byId("ask").showModal();
}

async function submit(event) {
  event.preventDefault();
  const chosen = byId("ask-choices").querySelector("input:checked");
  byId("ask-submit").disabled = true;
  try {
    await act({
      choice: chosen && chosen.value, quantity: Number(byId("ask-quantity").value), why: byId("ask-why").value.trim(),
    });
    byId("ask").close();
  } catch (error) {
    setText(byId("ask-problem"), error.message);
  } finally {
    byId("ask-submit").disabled = false;
  }
}

export function listen() {
  byId("ask-form").addEventListener("submit", submit);
  byId("ask-back").addEventListener("click", () => byId("ask").close());
}
