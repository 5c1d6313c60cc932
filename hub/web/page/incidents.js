// What needs somebody: open incidents in plain words, and what the desk does with a compartment.

import { api } from "./api.js";
import { approve, deny, metaOf, notYours, placeOf, requests, wanted } from "./approvals.js";
import { ask } from "./ask.js";
import { banks } from "./banks.js";
import { byId, make, setText } from "./dom.js";
import { duty } from "./duties.js";
import { place, short, words } from "./words.js";

const GATHER = 120;
const ranks = ["critical", "high", "normal", "low"];
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

const rows = new Map();
let serving = new Set();
let last = null;
let waiting = 0;
let asked = 0;

const compartment = (i) => banks.all().find((c) => c.id === i.target);
const where = (i) => (compartment(i) ? place(i.target) : i.device || "hub");

const answers = (i) => serving.has(i.device);

function since(i) {
  const then = new Date(i.opened);
  const today = then.toDateString() === new Date().toDateString();
  return `${today ? "" : `${day.format(then)}, `}${minute.format(then)}`;
}

function resolve(i) {
  const { name, asks, found } = duty(i, answers(i));
  ask({
    title: `${where(i)}: ${name}`, text: asks, choices: found, label: "Resolve",
    act: (answer) => api.post(`incidents/${i.id}/resolve`, { verdict: answer.choice, why: answer.why }),
  });
}

function row(i) {
  const { name, asks } = duty(i, answers(i));
  const at = where(i);
  const [kind, owner] = i.owner.split(":");
  const meta = [`since ${since(i)}`, `for ${kind === "role" ? words(owner) : "one person"}`, i.handover ? `handover ${short(i.handover)}` : "", i.detail ? words(i.detail) : ""].filter(Boolean).join(" · ");
  return make("li", { class: "incident", data: { id: i.id, kind: i.kind, urgency: i.urgency } },
    make("span", { class: "place" }, at),
    make("div", { class: "about" }, make("p", { class: "label" }, name), make("p", { class: "asks" }, asks),
      make("p", { class: "meta" }, meta)),
    make("div", { class: "buttons" }, make("button", {
      type: "button", onclick: () => resolve(i), "aria-label": `Resolve: ${at}, ${name}`,
    }, "Resolve")));
}

function request(a) {
  const title = wanted(a);
  const buttons = a.answerable ? [
    make("button", { type: "button", onclick: () => approve(a), "aria-label": `Approve: ${title}` }, "Approve"),
    make("button", { type: "button", class: "second", onclick: () => deny(a), "aria-label": `Deny: ${title}` }, "Deny"),
  ] : [];
  return make("li", { class: "incident request", data: { id: a.id, permission: a.permission } },
    make("span", { class: "place" }, placeOf(a)),
    make("div", { class: "about" }, make("p", { class: "label" }, title),
      a.answerable ? null : make("p", { class: "asks" }, notYours(a)), make("p", { class: "meta" }, metaOf(a))),
    make("div", { class: "buttons" }, ...buttons));
}

function show(page) {
  last = page;
  const list = [...page.incidents].sort((a, b) =>
    ranks.indexOf(a.urgency) - ranks.indexOf(b.urgency) || (a.id < b.id ? -1 : 1));
  const key = (i) => `${i.id} ${i.owner} ${i.device && answers(i)}`;
  const open = page.requests || [];
  const ids = [...open.map((a) => `${a.id} ${a.answers.length} ${a.answerable}`), ...list.map(key)].join();
  const node = byId("incidents");
  setText(byId("open-incidents"), `${open.length ? `${open.length} to approve, ` : ""}${list.length}${page.next ? " or more" : ""} open`);
  setText(byId("no-incidents"), "Nothing. Whatever goes wrong and needs a person is listed here.");
  byId("no-incidents").hidden = list.length + open.length > 0;
  if (node.dataset.shown === ids) return;
  node.dataset.shown = ids;
  const known = new Map(rows);
  rows.clear();
  for (const i of list) rows.set(key(i), known.get(key(i)) || row(i));
  node.replaceChildren(...open.map(request), ...rows.values());
}

async function read() {
  const mine = (asked += 1);
  try {
    const [page, open] = await Promise.all([api.get("incidents"), requests()]);
    if (mine === asked) show({ ...page, requests: open });
  } catch (error) {
    if (mine !== asked) return;
    setText(byId("no-incidents"), error.message);
    byId("no-incidents").hidden = rows.size > 0;
  }
}

export const incidents = {
  // Another site or another journal: nothing that was shown holds any longer.
  reset(devices) {
    rows.clear();
    last = null;
    incidents.devices(devices);
    delete byId("incidents").dataset.shown;
    byId("incidents").replaceChildren();
    incidents.refresh();
  },
  // Which devices serve now: what is asked of somebody depends on it.
  devices(list) {
    serving = new Set(list.filter((d) => d.state === "serving").map((d) => d.name));
    if (last) show(last);
  },
  // Events come in bursts; one look serves them all.
  refresh() {
    clearTimeout(waiting);
    waiting = setTimeout(read, GATHER);
  },
};

// What the desk can do with a compartment: [[label, act], ...].
export function service(c) {
  const path = `compartments/${c.id.split("/").map(encodeURIComponent).join("/")}`;
  const barred = c.service.state === "barred";
  const found = c.found.length > 0;
  const full = !c.product && c.occupancy.state !== "empty" && c.occupancy.by !== "sensor";
  const idle = c.allocation.state === "free" && !c.product;
  const nothing = c.assets.length ? `nothing but ${c.assets.map((a) => a.name).join(", ")} is inside` : "nothing is inside";
  const back = ["Put back into service", () => ask({
    title: `Put ${c.name} back into service`,
    text: `It is out of service: ${c.service.reasons.map(words).join(", ")}. Only after a look: `
      + `${idle ? `${nothing}, and ` : ""}the door opens and shuts as it should.`,
    label: "Put back", act: ({ why }) => api.post(`${path}/unbar`, { why }),
  })];
  const empty = ["It is empty", () => ask({
    title: `${c.name} is empty`,
    text: `Only after a look: nothing is inside.${found ? ` Say where it went: ${c.found.map((f) => f.what).join(", ")}.` : ""}`
      + `${c.assets.length ? ` ${c.assets.map((a) => a.name).join(", ")} will be missed.` : ""}`,
    label: "It is empty", act: ({ why }) => api.post(`${path}/empty`, found ? { why, taken_to: why.slice(0, 200) } : { why }),
  })];
  const inside = ["Something is inside", () => ask({
    title: `Something is inside ${c.name}`, text: "That nobody expected there. Describe the thing, not a person.",
    label: "Record", act: ({ why }) => api.post(`${path}/found`, { what: why.slice(0, 200) }),
  })];
  const out = ["Take out of service", () => ask({
    title: `Take ${c.name} out of service`, text: "Nobody gets it until it is put back.",
    label: "Take out", act: ({ why }) => api.post(`${path}/bar`, { why }),
  })];
  const count = c.product && ["Count", () => ask({
    title: `Count ${c.name}`, text: `How many of ${c.product.name} are inside?`, quantity: c.product.stock, label: "Record",
    act: ({ quantity, why }) => api.post(`${path}/count`, { quantity, why }),
  })];
  return [
    ...(barred && !found ? [back] : []), ...(full && (idle || found) ? [empty] : []), ...(barred ? [] : [out]),
    ...(c.product || found ? [] : [inside]), ...(count ? [count] : []),
  ];
}
