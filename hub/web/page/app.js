// Joins the parts: sign in, follow the hub, hand each frame to whoever shows it.

import { api, follow, token } from "./api.js";
import { more } from "./approvals.js";
import { listen as listenToDialog, waits } from "./ask.js";
import { banks } from "./banks.js";
import { byId, setText } from "./dom.js";
import { attempt, hands } from "./hands.js";
import { incidents, service } from "./incidents.js";
import { addEvent, clearEvents, handovers, showDevices } from "./lists.js";

const states = { live: "live", lost: "connection lost, trying again", off: "not connected" };
const labels = { load: "Load", open: "Open", dispose: "Dispose", cancel: "Cancel" };
let stop = null;
let last = 0;

const context = {
  place: (id) => (banks.holding(id) || { name: "" }).name,
  commands: (h) => [
    ...h.takes.filter((verb) => labels[verb]).map((verb) => [
      labels[verb], async () => waits(await attempt(() => api.post(`handovers/${h.id}/${verb}`))), verb === "cancel",
    ]),
    ["More", () => more(h.id), true],
  ],
};

const frames = {
  snapshot(frame) {
    setText(byId("site"), frame.site.name);
    document.title = `${frame.site.name} – Handover Hub`;
    byId("simulated").hidden = !frame.simulated;
    if (frame.seq < last) {          // another journal than before: what was shown is not its past
      clearEvents();
      last = 0;
    }
    banks.reset(frame.banks, (c) => [...service(c), ...hands.compartment(c)]);
    handovers.reset(frame.handovers, context);
    showDevices(frame.devices);
    hands.reset(frame);
    incidents.reset(frame.devices);
    signedIn(true);
  },
  event(frame) {
    last = frame.seq;
    addEvent(frame);
    if (frame.type === "message.delivered") hands.messages();
    if (frame.type.startsWith("incident.") || frame.type.startsWith("approval.")) incidents.refresh();
  },
  compartments(frame) {
    banks.update(frame.compartments);
    hands.doors();
  },
  handovers(frame) { handovers.update(frame.handovers, context); },
  devices(frame) {
    showDevices(frame.devices);
    hands.devices(frame.devices);
    incidents.devices(frame.devices);
  },
  temperature(frame) { banks.temperature(frame.temperature); },
  told(frame) { hands.told(frame); },
};

function signedIn(yes) {
  byId("login").hidden = yes;
  byId("site-view").hidden = !yes;
  byId("leave").hidden = !yes;
  if (!yes) byId("token").focus();
}

function connection(state) {
  byId("connection").dataset.state = state;
  setText(byId("connection"), states[state]);
}

function enter() {
  setText(byId("login-problem"), "");
  stop = follow({
    frame: (frame) => frames[frame.kind] && frames[frame.kind](frame),
    state: connection,
    refused(why) {
      token.forget();
      connection("off");
      signedIn(false);
      setText(byId("login-problem"), why || "The hub does not know this token.");
    },
  });
}

byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(byId("token").value.trim());
  byId("token").value = "";
  enter();
});

byId("leave").addEventListener("click", () => {
  if (stop) stop();
  token.forget();
  connection("off");
  signedIn(false);
});

hands.start();
listenToDialog();
token.takeFromAddress();
if (token.get()) {
  byId("login").hidden = true;
  enter();
} else signedIn(false);
