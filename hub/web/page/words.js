// Events as sentences. What is not listed here shows its type; the whole body is one click away.

const place = (id) => (id || "").split("/").pop();
const short = (id) => (id || "").slice(-5);
const money = (amount, currency) =>
  amount === undefined ? "" : new Intl.NumberFormat(undefined, { style: "currency", currency: currency || "EUR" })
    .format(amount / 100);
const acts = { open: "open the door", authorise: "authorise the payment", capture: "take the money", void: "give the money back" };
const desk = { bar: "take _ out of service", unbar: "put _ back into service", count: "record the count of _",
  found: "record what lies in _", empty: "say that _ is empty" };
const said = (text) => (text || "").replaceAll("_", " ").replaceAll(".", " ");
const holder = (text) => (text || "").split(":")[0];
const whereabouts = (text) => ((text || "").includes("/") ? place(text) : holder(text));

const sentences = {
  "compartment.added": (b, at) => [`Compartment ${at} was set up`],
  "compartment.door": (b, at) => [`Door ${at} is ${b.state}`, b.state === "open" ? "open" : ""],
  "compartment.barred": (b, at) => [`${at} is out of service: ${said(b.reason)}`, "bad"],
  "compartment.restored": (b, at) => [`${at} is back in service`, "good"],
  "compartment.occupancy": (b, at) => [`${at} is ${b.occupancy}, says ${b.by}`],
  "compartment.serviced": (b, at) => [`${at} was opened by a technician`],
  "compartment.found": (b, at) => [`Something was found in ${at}`, "bad"],
  "compartment.cleared": (b, at) => [`What was found in ${at} has gone`, "good"],
  "asset.added": (b, at) => [`Asset ${at} was set up`],
  "asset.moved": (b, at) => [
    `${at} goes from ${whereabouts(b.from)} to ${whereabouts(b.to)}${b.state === "in" || b.state === "out" ? "" : `: ${b.state}`}`,
    b.state === "lost" ? "bad" : b.state === "quarantine" ? "held" : "good",
  ],
  "stock.counted": (b, at) => [`${b.quantity} counted in ${at}`],
  "stock.adjusted": (b, at) => [`${at} holds ${b.quantity} now`],
  "stock.uncertain": (b, at) => [`The stock of ${at} has to be counted`, "bad"],
  "products.synced": () => ["The catalogue was read"],
  "people.synced": () => ["The list of people was read"],
  "handover.created": (b, at) => [`Handover ${short(at)} begins: ${b.workflow}`, "held"],
  "handover.moved": (b, at) => [b.to ? `Handover ${short(at)}: ${said(b.to)}` : `Handover ${short(at)}: ${said(b.event)}`],
  "handover.noted": (b, at) => [`Handover ${short(at)} took note: ${said(b.event)}`],
  "handover.kept": (b, at) => [`Handover ${short(at)} kept what its steps found out`],
  "handover.commanded": (b) => [`${b.who.split(":").pop()} asked to ${b.verb}`, "held"],
  "compartment.commanded": (b, at) => [
    `${b.who.split(":").pop()} asked to ${(desk[b.verb] || b.verb).replace("_", at)}${b.why ? `: ${b.why}` : ""}`, "held",
  ],
  "handover.declared": (b, at) => [`On record for handover ${short(at)}: ${b.what}`, "held"],
  "approval.asked": (b) => [`${said(b.role)}'s approval is wanted: ${b.verb ? said(b.verb) : b.about}`, "held"],
  "approval.answered": (b) => [`${b.who.split(":").pop()} ${b.given ? "agrees" : `does not agree: ${b.why}`}`, b.given ? "good" : "bad"],
  "approval.settled": (b) => [`The request for approval is ${b.state}`, b.state === "given" ? "good" : ""],
  "handover.extended": (b) => [`The ${b.deadline} deadline was moved`, "held"],
  "allocation.assigned": (b) => [`${place(b.compartment)} is held`, "held"],
  "allocation.moved": (b) => [`${place(b.to)} is held in place of ${place(b.from)}`, "held"],
  "allocation.hardened": (b) => [`${place(b.compartment)} is held for good`, "held"],
  "allocation.settled": (b) => [`The item was ${b.outcome}`, "good"],
  "allocation.freed": (b) => [`${place(b.compartment)} is free again`],
  "custody.transferred": (b) => [`Custody goes from ${holder(b.from)} to ${holder(b.to)}`, "good"],
  "thermal.deposited": (b) => [`The clock of what lies in ${place(b.compartment)} runs: ${b.thermal}`],
  "thermal.warned": (b) => [`${place(b.compartment)} is out of temperature: ${Math.floor(b.left / 6e7)} min left`, "bad"],
  "thermal.breached": (b) => [`What lies in ${place(b.compartment)} was out of temperature too long`, "bad"],
  "thermal.disposed": (b) => [`${b.who.split(":").pop()} throws it away`, "held"],
  "grant.issued": (b) => [`A right to open was issued (${(b.methods || []).join(", ") || b.kind})`],
  "grant.used": (b) => [`The right to open was used${b.method ? ` by ${b.method}` : ""}`],
  "grant.reused": () => ["The same door is opened once more"],
  "grant.revoked": () => ["The right to open ended"],
  "access.denied": (b) => [`Refused at ${b.terminal || "the terminal"}: ${said(b.reason)}`, "bad"],
  "access.locked": () => ["Too many wrong PINs: the keypad waits", "bad"],
  "leg.opened": (b) => [`${money(b.amount, b.currency)} asked at ${b.device}`, "held"],
  "leg.approved": (b) => [`Payment of ${money(b.amount, b.currency)} approved`, "good"],
  "leg.denied": (b) => [`Payment denied: ${said(b.reason)}`, "bad"],
  "leg.unknown": () => ["Nobody knows yet whether the payment was approved", "bad"],
  "leg.decided": (b) => [b.decision === "capture" ? `Decided: take ${money(b.amount)}` : "Decided: give the money back"],
  "leg.settled": (b) => [`The payment is ${said(b.state)}`, b.state === "refund_owed" ? "bad" : "good"],
  "effect.intended": (b) => [`Command written down: ${acts[b.kind] || b.kind} (${b.device}${b.kind === "open" ? ` ${b.target}` : ""})`],
  "effect.settled": (b) => [
    `${acts[b.kind] ? acts[b.kind][0].toUpperCase() + acts[b.kind].slice(1) : b.kind}: ${b.verdict}` +
      (b.reason ? `, ${said(b.reason)}` : ""),
    b.verdict === "confirmed" ? "good" : "bad",
  ],
  "incident.opened": (b) => [`Incident for ${(b.owner || "").split(":").pop()}: ${said(b.kind)}`, "bad"],
  "incident.resolved": (b) => [`Incident closed: ${b.verdict}`, "good"],
  "incident.assigned": (b) => [`An incident goes to ${b.owner.startsWith("role:") ? said(b.owner.slice(5)) : "one person"}`],
  "incident.commanded": (b) => [`${b.who.split(":").pop()} asked to ${b.verb} an incident${b.why ? `: ${b.why}` : ""}`, "held"],
  "message.queued": (b) => [`A message is on its way: ${said(b.template)}`],
  "message.delivered": () => ["The message was delivered", "good"],
  "message.failed": () => ["A message could not be delivered", "bad"],
  "fault.raised": (b, at) => [`${at}: ${said(b.kind)}${b.target ? ` at ${b.target}` : ""}`, "bad"],
  "fault.cleared": (b, at) => [`${at}: ${said(b.kind)} is over`, "good"],
};

// {text, tone} of an event.
export function sentence(event) {
  const at = place(event.stream);
  const known = sentences[event.type];
  if (!known || event.body === null) return { text: `${said(event.type)} (${at})`, tone: "" };
  const [text, tone = ""] = known(event.body, at);
  return { text, tone };
}

const answers = {
  accepted: "Thank you. One moment please", started: "Thank you. One moment please", done: "Thank you",
  queued: "Please close the door first. Then the next one opens", welcome: "Welcome. Please show the code",
  awaiting: "Please hold your tag to the reader", noted: "Thank you", asked: "One moment please. Somebody has to agree",
};
const keyed = {
  not_empty: "Thank you. Close the door and scan the label again",
  too_small: "Thank you. Close the door and scan the label again",
  undo: "Take it out again and close the door",
};
const refusals = {
  unknown: "This code is not known", early: "Too early", late: "The time to collect is over", expired: "Too late",
  used: "This code was used already", spent: "This code was used already", revoked: "This code is no longer valid",
  throttled: "Too many wrong codes. Please wait", busy: "One moment please", not_now: "Not possible now",
  no_grant: "There is nothing for you here now", door_open: "Please close the door first",
  not_allowed: "You may not do that here", no_person: "Nobody is known for that",
  known_code: "This code was brought before", wrong_terminal: "Please go to the other terminal",
  no_such_selection: "There is nothing behind this number", out_of_order: "Out of order. Nothing was charged",
};

// What the terminal shows a person.
export function told(frame) {
  if (frame.code === "selected") return `${frame.detail}: please pay`;
  if (frame.code === "done" && keyed[frame.detail]) return keyed[frame.detail];
  if (answers[frame.code]) return answers[frame.code];
  return refusals[frame.code.replace("refused.", "")] || said(frame.code);
}

export const words = said;
export { place, said, short };
