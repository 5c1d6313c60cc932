// Requests for approval: what somebody wants to do, for whom to agree; and what a handover takes from whom.

import { api } from "./api.js";
import { ask } from "./ask.js";
import { notice } from "./dom.js";
import { place, said, short } from "./words.js";

const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const names = {
  open: "Open the door", refund: "Give the money back", complete: "Complete by hand", unbar: "Put back into service",
  resolve: "Resolve the incident", reassign: "Move to another compartment", refuse: "Refuse", declare: "Put on record",
  dispute: "Dispute", reissue: "Send a fresh code", cancel: "Cancel", load: "Load", approve: "Approve", deny: "Deny",
};

// What the commands below need nothing for but a reason.
const simple = ["refuse", "declare", "dispute", "complete", "refund", "reassign", "reissue", "open", "cancel"];

const nameOf = (verb) => names[verb] || said(verb);

// What a workflow asks for by itself.
const questions = {
  identity: "Is it the person on the document?", release: "May it be released?", return: "May it be brought back?",
};

export const wanted = (a) => (a.permission ? nameOf(a.permission.split(".").pop())
  : questions[a.about] || `Agree to: ${a.about || "go on"}`);

export const placeOf = (a) => (a.permission.startsWith("compartment.") ? place(a.target) : "ask");

// Why there is no button: nobody answers twice, or what they asked for themselves.
export const notYours = (a) => `Your sign-in cannot agree: it takes another person, of the role ${said(a.role)}.`;

export function metaOf(a) {
  const until = a.expires ? `until ${minute.format(new Date(a.expires))}` : "";
  const given = a.answers.filter((one) => one.given).length;
  return [`for ${said(a.role)}`, `asked by ${a.asked_by.split(":").pop()}`, a.permission && a.about ? a.about : "",
    a.wanted > 1 ? `${given} of ${a.wanted} agree` : "", a.handover ? `handover ${short(a.handover)}` : "", until]
    .filter(Boolean).join(" · ");
}

// The requests that are open; none for somebody who may not see them.
export async function requests() {
  try {
    return (await api.get("approvals")).approvals;
  } catch (error) {
    if (error.type === "/problems/forbidden") return [];
    throw error;
  }
}

export function approve(a) {
  ask({
    title: wanted(a), text: `${metaOf(a)}. It is done at once, with both names on record.`, label: "Approve", reason: false,
    act: ({ why }) => api.post(`approvals/${a.id}/approve`, { why }),
  });
}

export function deny(a) {
  ask({
    title: wanted(a), text: `${metaOf(a)}. Who asked is told why not.`, label: "Deny",
    act: ({ why }) => api.post(`approvals/${a.id}/deny`, { why }),
  });
}

function who(command) {
  const roles = command.roles.filter((role) => !role.startsWith("api."));
  const others = Object.entries(command.roles_with_approval).filter(([role]) => !role.startsWith("api."))
    .map(([role, by]) => `${said(role)} if a ${said(by)} agrees`);
  return [...roles.map(said), ...others].join(", ") || "nobody";
}

// Whatever the handover takes now, with who may do it.
export async function more(handover) {
  try {
    const found = await api.get(`handovers/${handover}`);
    const now = found.commands.filter((c) => c.possible && simple.includes(c.name));
    ask({
      title: `Handover ${short(handover)}: ${found.label}`, text: "Each is recorded with who and why.", legend: "What shall be done?",
      choices: now.map((c) => [c.name, `${nameOf(c.name)} (${who(c)})`, !c.allowed]), label: "Do it", always: true,
      act: ({ choice, why }) => api.post(`handovers/${handover}/${choice}`, choice === "declare" ? { what: why } : { why }),
    });
  } catch (error) {
    notice(error.message);
  }
}
