// The customer's side of a simulated site: what hands, cards and phones would do, and what people are sent.

import { api } from "./api.js";
import { banks } from "./banks.js";
import { byId, make, notice, setText } from "./dom.js";
import { told } from "./words.js";

let site = null;
const pictures = new Map();

// Run what a button asks for; a refusal is said, never swallowed.
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    notice(error.message);
    return null;
  }
}

const offers = (device, action) => device && device.actions.some((usage) => usage.split(" ")[0] === action);
const device = (name) => site.devices.find((d) => d.name === name);

// The reader of the first terminal that offers an action.
function reader(action) {
  const names = site.terminals.length ? site.terminals[0].readers : [];
  return names.find((name) => offers(device(name), action));
}

const at = (name, action, ...args) => attempt(() => api.act(name, action, ...args));

// A door does not latch while its lock is still released: push until it does, as people do.
async function close(name, door) {
  for (let push = 1; push < 6; push += 1) {
    try {
      return await api.act(name, "close", door);
    } catch (error) {
      if (error.type !== "/problems/twin-refused") return notice(error.message);
      await new Promise((resolve) => { setTimeout(resolve, 400); });
    }
  }
  return at(name, "close", door);
}

const key = (digits) => at(reader("key"), "key", `${digits}#`);

function listen() {
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    key(byId("keys").value);
    byId("keys").value = "";
  });
  byId("order-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => api.post("handovers", {
      workflow: site.workflows.find((w) => w.starts.includes("api")).name,
      recipient: { name: "Ada Example" }, items: [{ sku: byId("order-sku").value, quantity: 1 }],
    }));
  });
  byId("pay").addEventListener("click", () => at(site.terminals[0].payment, "pay"));
  byId("decline").addEventListener("click", () => at(site.terminals[0].payment, "decline"));
  byId("tap").addEventListener("click", () => at(reader("tap"), "tap", "04a1b2c3"));
}

async function message(found) {
  const node = make("li", { class: found.picture ? "message" : "message plain", data: { id: found.id } });
  if (found.picture) {
    if (!pictures.has(found.id)) {
      pictures.set(found.id, await attempt(() => api.picture(found.picture.replace("/api/v1/", ""))));
    }
    node.append(make("img", { src: pictures.get(found.id), alt: "QR code of the message", width: 96, height: 96 }));
  }
  const to = found.to.name || found.to.email || found.to.phone || found.to.role || "";
  node.append(make("p", { class: "subject" }, found.subject), make("p", { class: "to" }, `to ${to}`));
  if (found.pin) {
    node.append(make("p", { class: "pin" }, found.pin));
    node.append(make("div", { class: "buttons" },
      make("button", { type: "button", onclick: () => key(found.pin) }, "Key PIN"),
      found.code && reader("scan")
        ? make("button", { type: "button", class: "second", onclick: () => at(reader("scan"), "scan", found.code) }, "Scan")
        : null));
  }
  return node;
}

export const hands = {
  start: listen,
  reset(snapshot) {
    site = snapshot;
    byId("customer").hidden = !snapshot.simulated;
    byId("site-view").classList.toggle("real", !snapshot.simulated);
    if (!snapshot.simulated) return;
    const goods = snapshot.products.filter((p) => p.price === null);
    byId("order-sku").replaceChildren(...(goods.length ? goods : snapshot.products).map((p) =>
      make("option", { value: p.sku }, p.name)));
    byId("order-form").hidden = !snapshot.products.length || !snapshot.workflows.some((w) => w.starts.includes("api"));
    byId("key-form").hidden = !reader("key");
    byId("tap").hidden = !reader("tap");
    byId("pay").hidden = byId("decline").hidden = !(snapshot.terminals[0] && snapshot.terminals[0].payment);
    hands.doors();
    hands.messages();
  },
  devices(list) { site.devices = list; },
  // One button for each open door: the customer closes it.
  doors() {
    if (!site || !site.simulated) return;
    const open = banks.all().filter((c) => c.door.state === "open");
    const shown = open.map((c) => c.id).join();
    const node = byId("open-doors");
    if (node.dataset.shown === shown) return;
    node.dataset.shown = shown;
    node.replaceChildren(...(open.length
      ? open.map((c) => make("button", { type: "button", onclick: () => close(c.door.device, c.door.name) },
        `Close ${c.name}`))
      : [make("span", { class: "label" }, "all closed")]));
  },
  // What can be done to a compartment by hand.
  compartment(c) {
    if (!site || !site.simulated) return [];
    const { device: name, name: door } = c.door;
    const found = device(name);
    const labels = { close: "Close", pull: "Pull open", stick: "Make it stick", free: "Free it" };
    return Object.entries(labels)
      .filter(([action]) => offers(found, action) && (action !== "close" || c.door.state === "open"))
      .map(([action, label]) => [label, () => (action === "close" ? close(name, door) : at(name, action, door))]);
  },
  async messages() {
    if (!site || !site.simulated) return;
    const found = await attempt(() => api.get("messages"));
    if (!found) return;
    const latest = found.messages.slice(0, 8);
    byId("messages").replaceChildren(...await Promise.all(latest.map(message)));
    byId("no-messages").hidden = latest.length > 0;
  },
  told(frame) { setText(byId("screen").firstElementChild, told(frame)); },
};
