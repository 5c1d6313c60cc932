// The compartments. A tile is made once and keeps its place for ever; updates only change what it shows.

import { byId, make, setText } from "./dom.js";
import { words } from "./words.js";

const tiles = new Map();
const heads = new Map();
let chosen = null;
let actions = () => [];

// is: the one word that matters most for whoever looks.
function isWhat(c) {
  if (c.door.state === "open") return "open";
  if (c.service.state === "barred") return "barred";
  if (c.door.state === "unknown") return "unknown";
  return c.allocation.state === "free" ? "free" : "held";
}

const wordOf = {
  open: "open", barred: "barred", unknown: "door unknown", free: "free", held: "held",
};

const insideOf = { empty: "empty", occupied: "occupied", unknown: "unknown" };

const left = (c) => (c.product.stock === null ? "to count" : `×${c.product.stock}`);

function inside(c) {
  if (c.assets.length) return c.assets.map((a) => a.name).join(", ");
  if (!c.product) return insideOf[c.occupancy.state];
  return c.product.selection ? `${c.product.selection} · ${left(c)}` : left(c);
}

function facts(c) {
  const barred = c.service.state === "barred" ? `barred: ${c.service.reasons.map(words).join(", ")}` : "in service";
  const kept = c.allocation.state === "soft" ? "promised to" : "held for";
  const held = c.allocation.state === "free" ? "free" : `${kept} ${c.allocation.handover.slice(-5)}`;
  const content = c.product ? `${c.product.name} ${left(c)}` : `content ${insideOf[c.occupancy.state]}, by ${c.occupancy.by}`;
  const inside = [...c.assets.map((a) => a.name), ...c.found.map((f) => `found: ${f.what}`)].map((text) => ` · ${text}`).join("");
  const apart = c.apart ? ` · kept apart: ${c.apart}` : "";
  return ` door ${c.door.state} · ${barred} · ${held} · ${content}${inside}${apart} · size ${c.size}${c.low ? ", low" : ""}`;
}

function tile(c) {
  const parts = {
    name: make("span", {}, c.name), size: make("span", { class: "size" }, c.size),
    what: make("span", { class: "what" }), key: make("span", { class: "key" }), inside: make("span"),
    word: make("span", { class: "word" }),
  };
  const leaf = make("span", { class: "leaf" }, make("span", { class: "name" }, parts.name, parts.size), parts.what,
    make("span", { class: "inside" }, parts.key, parts.inside), parts.word);
  const node = make("button", {
    class: "tile", type: "button", "aria-pressed": "false", data: { id: c.id }, onclick: () => choose(c.id),
  }, make("span", { class: "content" }), leaf);
  tiles.set(c.id, { node, parts, now: c });
  return node;
}

function show(c) {
  const found = tiles.get(c.id);
  if (!found) return;
  found.now = c;
  const { node, parts } = found;
  const is = isWhat(c);
  node.dataset.is = is;
  node.dataset.door = c.door.state;
  node.dataset.occupancy = c.product ? (c.product.stock === 0 ? "empty" : "occupied") : c.occupancy.state;
  setText(parts.what, c.product ? c.product.name : "");
  setText(parts.key, c.product && c.product.selection ? "key " : "");
  setText(parts.inside, inside(c));
  setText(parts.word, wordOf[is]);
  node.setAttribute("aria-label", `Compartment ${c.name}:${facts(c)}`);
  if (chosen === c.id) detail();
}

function choose(id) {
  if (chosen) tiles.get(chosen).node.setAttribute("aria-pressed", "false");
  chosen = chosen === id ? null : id;
  if (chosen) tiles.get(chosen).node.setAttribute("aria-pressed", "true");
  detail();
}

function detail() {
  const node = byId("detail");
  if (!chosen) {
    node.replaceChildren(make("span", { class: "facts" }, "Choose a compartment to see its four facts."));
    return;
  }
  const c = tiles.get(chosen).now;
  node.replaceChildren(
    make("span", { class: "facts" }, make("strong", {}, c.name), facts(c)),
    make("span", { class: "buttons" }, ...actions(c).map(([label, act]) =>
      make("button", { type: "button", class: "second", onclick: act }, label))),
  );
}

export const banks = {
  // All banks; rebuilt only when the site itself has other compartments than before.
  reset(list, offered) {
    actions = offered;
    const ids = list.flatMap((bank) => bank.compartments.map((c) => c.id)).join();
    if (ids !== [...tiles.keys()].join()) {
      tiles.clear();
      heads.clear();
      chosen = null;
      byId("banks").replaceChildren(...list.map((bank) => {
        const degrees = make("span", { class: "degrees" });
        heads.set(bank.name, { degrees, device: bank.temperature && bank.temperature.device });
        return make("div", { class: "bank" },
          make("p", { class: "bank-head" }, make("strong", {}, `Bank ${bank.name}`), make("span", {}, bank.thermal), degrees),
          make("div", { class: "grid" }, ...bank.compartments.map(tile)));
      }), make("div", { id: "detail", class: "detail" }));
      detail();
    }
    for (const bank of list) {
      bank.compartments.forEach(show);
      if (bank.temperature) {
        heads.get(bank.name).device = bank.temperature.device;
        banks.temperature(bank.temperature);
      }
    }
  },
  update: (list) => list.forEach(show),
  temperature(seen) {
    const damp = seen.permille === null ? "" : ` · ${Math.round(seen.permille / 10)} % RH`;
    for (const head of heads.values()) {
      if (head.device === seen.device || head.device === null) {
        setText(head.degrees, `${(seen.millicelsius / 1000).toFixed(1)} °C${damp}`);
      }
    }
  },
  all: () => [...tiles.values()].map((found) => found.now),
  holding: (handover) => banks.all().find((c) => c.allocation.handover === handover),
};
