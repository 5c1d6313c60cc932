// What each kind of incident asks of somebody, and what they may have found. The same as docs/staff.

const open = { confirmed: "It did open", refuted: "It did not open", closed: "Nobody can tell. End it here" };

const duties = {
  door_in_doubt: ["Did the door open?", "Look whether it opened and whether the item is gone.", open],
  dispense_in_doubt: ["Did it come out?", "Look whether the item came out.",
    { confirmed: "It came out", refuted: "It did not", closed: "Nobody can tell. End it here" }],
  payment_unknown: ["Was it paid?", "Look at the terminal's own record.",
    { confirmed: "It was paid", refuted: "It was not paid", closed: "Nobody can tell. It is owed back" }],
  capture_unproved: ["Is the money in?", "Look at the acquirer's record.",
    { confirmed: "The money is in", refuted: "It is not", closed: "Nobody can tell. End it here" }],
  refund_owed: ["A refund is owed", "Pay it back to the customer.",
    { confirmed: "It is paid back", closed: "Nothing is owed after all" }],
  unpaid: ["Taken, but not paid", "Settle it with the customer.", { closed: "It is settled" }],
  stuck: ["The door is stuck", "See to the lock; an item may be behind it. Then put the compartment back into service.",
    { refuted: "It works again", confirmed: "The item was handed over by hand", closed: "End it here" }],
  ajar: ["The door stayed open", "Close the door.", { closed: "It is shut" }],
  breach: ["The door opened by itself", "Look whether the item is still there. Then put the compartment back into service.",
    { refuted: "The item is still there", confirmed: "The item is gone", closed: "End it here" }],
  clear_out: ["Not collected", "Take the item out: open the door from the handover.", { closed: "It is taken out" }],
  left_behind: ["Something was left behind", "Take it out: open the door from the handover.", { closed: "It is taken out" }],
  found_item: ["Something was found inside", "Take it out: choose the compartment, then It is empty.", { closed: "It has gone" }],
  asset_missing: ["An asset is missing", "Look for it.", { closed: "It is found, or given up" }],
  no_room: ["No compartment fits", "Make room, or tell the sender.", { closed: "It is seen to" }],
  no_credential: ["No code could be issued", "Find out why, then have it tried again.",
    { refuted: "Try again", closed: "Give up: somebody takes the item out" }],
  locked_in: ["The door is stuck", "What is to be thrown away is behind it. Then put the compartment back into service.",
    { confirmed: "It was taken out by hand", refuted: "It works again" }],
  mislaid: ["Taken out and not put back", "Load it into its new compartment, or throw it away.", { closed: "It is thrown away" }],
  not_filled: ["The kitchen did not fill it", "The order is cancelled: call the customer.", { closed: "It is seen to" }],
  miscounted: ["The count was wrong", "Count what is inside: choose the compartment, then Count.", { closed: "It is counted" }],
  offline: ["The device does not answer", "Look at the device and its cable; it serves again by itself.", { closed: "It is mended" }],
  sensor_disagree: ["Sensors disagree", "Look at the door sensor or the thermometer.", { closed: "It is mended" }],
  thermal_warning: ["Too warm or too cold", "Hand it over or move it; look at the cooling.", { closed: "It is mended" }],
  thermal_breach: ["Too warm or too cold for too long", "Nobody may have it. Dispose of it: the door opens from the handover.", { closed: "It is thrown away" }],
  jam: ["Something is jammed", "Free the slot.", { closed: "It is mended" }],
  motor_fault: ["A motor fails", "Look at the slot.", { closed: "It is mended" }],
  message_failed: ["A message did not arrive", "Tell the person by other means.", { closed: "The person knows" }],
  workflow_failed: ["The hub could not go on", "Finish the case by hand; the hub's log says why.", { closed: "Finished by hand" }],
  disputed: ["Somebody says that it went otherwise", "Read the handover's record, ask both sides, then put right what is wrong.",
    { closed: "It is settled" }],
  step_failed: ["A step could not be done", "Finish the case by hand.", { closed: "Finished by hand" }],
};

// A device that went silent and serves again: nothing is broken now, somebody only has to know why it was away.
const away = ["The device was away", "It serves again. Find out why it was away.", { closed: "It is mended" }];
const unknown = ["", "Look at it.", { confirmed: "It is so", refuted: "It is not so", closed: "It is over" }];

// {name, asks, found: [[verdict, words], ...]}. Only a case has something to go on with. `serving` says whether
// the incident's device answers now.
export function duty(incident, serving) {
  const [name, asks, found] = incident.kind === "offline" && serving ? away : duties[incident.kind] || unknown;
  const over = Object.entries(found);
  return {
    name: name || incident.kind.replaceAll("_", " "), asks,
    found: incident.handover || incident.effect || over.length === 1 ? over : [["closed", "It is seen to"]],
  };
}
