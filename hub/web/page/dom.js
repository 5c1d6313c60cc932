// Small helpers: everything that comes from the hub is set as text, never as markup.

export const byId = (id) => document.getElementById(id);

// make("li", {class: "row", onclick: f, data: {state: "x"}}, "text", node, ...)
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "data") Object.assign(node.dataset, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

// Write a text only when it differs, so that nothing is laid out again for nothing.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let fading = 0;

export function notice(text) {
  const node = byId("notice");
  setText(node, text);
  node.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { node.hidden = true; }, 6000);
}
