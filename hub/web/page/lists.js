// Handovers, devices and the event stream.

import { byId, make, setText } from "./dom.js";
import { sentence, short, words } from "./words.js";

const MOST_EVENTS = 200;
const MOST_ENDED = 6;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

const running = new Map();
const rows = new Map();

function handoverRow(h) {
  const parts = {
    place: make("span", { class: "place" }), label: make("p", { class: "label" }), meta: make("p", { class: "meta" }),
    buttons: make("div", { class: "buttons" }),
  };
  const node = make("li", { class: "handover", data: { id: h.id } }, parts.place,
    make("div", { class: "about" }, parts.label, parts.meta), parts.buttons);
  return { node, parts, place: "", offered: null };
}

export const handovers = {
  reset(list, context) {
    running.clear();
    rows.clear();
    byId("handovers").replaceChildren();
    handovers.update([...list].reverse(), context);
  },
  // context: {place(handoverId), commands(handover) -> [[label, act], ...]}
  update(list, context) {
    for (const h of list) {
      running.set(h.id, h);
      let row = rows.get(h.id);
      if (!row) {
        row = handoverRow(h);
        rows.set(h.id, row);
        byId("handovers").prepend(row.node);
      }
      row.node.classList.toggle("ended", h.ended);
      row.node.dataset.state = h.state;
      row.place = context.place(h.id) || row.place;
      setText(row.parts.place, row.place || "–");
      setText(row.parts.label, h.label);
      setText(row.parts.meta, `${h.workflow} · ${h.status}${h.phase && h.phase !== h.status ? ` · ${words(h.phase)}` : ""} · ${short(h.id)}`);
      const offered = h.takes.join();
      if (offered !== row.offered) {
        row.offered = offered;
        row.parts.buttons.replaceChildren(...context.commands(h).map(([label, act, second]) =>
          make("button", { type: "button", class: second ? "second" : null, onclick: act }, label)));
      }
    }
    handovers.prune();
  },
  prune() {
    const ended = [...running.values()].filter((h) => h.ended).sort((a, b) => (a.id < b.id ? 1 : -1));
    for (const h of ended.slice(MOST_ENDED)) {
      rows.get(h.id).node.remove();
      rows.delete(h.id);
      running.delete(h.id);
    }
    const live = running.size - Math.min(ended.length, MOST_ENDED);
    setText(byId("running"), `${live} running`);
    byId("no-handovers").hidden = running.size > 0;
  },
  get: (id) => running.get(id),
};

export function showDevices(list) {
  const serving = list.filter((d) => d.state === "serving").length;
  setText(byId("serving"), `${serving} of ${list.length} serve`);
  byId("devices").replaceChildren(...list.map((d) => {
    const why = [d.reason, ...d.faults.map((f) => words(f.kind) + (f.target ? ` at ${f.target}` : ""))].filter(Boolean);
    return make("li", { class: "device", data: { state: d.state } }, make("span", { class: "name" }, d.name),
      make("span", { class: "kind" }, words(d.integration)), make("span", { class: "state" }, d.state),
      why.length ? make("span", { class: "why" }, why.join(", ")) : null);
  }));
}

export function addEvent(event) {
  const { text, tone } = sentence(event);
  const details = make("details", { class: "event", data: { tone, seq: event.seq } },
    make("summary", {}, make("time", { datetime: event.time }, clock.format(new Date(event.time))),
      make("span", { class: "text" }, text)));
  // The body is written out when somebody looks: most are never opened.
  details.addEventListener("toggle", () => {
    if (details.children.length > 1) return;
    details.append(make("pre", {}, `${event.seq} ${event.stream} ${event.type}\n${JSON.stringify(event.body, null, 1)}`));
  });
  const list = byId("events");
  const read = list.scrollTop;
  list.prepend(make("li", {}, details));
  if (read > 0) list.scrollTop = read + list.firstElementChild.offsetHeight;
  if (list.children.length > MOST_EVENTS) list.lastElementChild.remove();
  setText(byId("cursor"), `event ${event.seq}`);
}

export const clearEvents = () => byId("events").replaceChildren();
