// The hub's API: requests with the token of this tab, and the live stream that resumes by itself.

const KEY = "hub.token";
const UNAUTHORIZED = 4401, FORBIDDEN = 4403, BEYOND_END = 4409;
const RECENT = 60;

export const token = {
  get: () => sessionStorage.getItem(KEY) || "",
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
  // A link with #token=... signs in; the address bar does not keep it.
  takeFromAddress() {
    const found = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!found) return;
    token.set(found);
    history.replaceState(null, "", location.pathname);
  },
};

async function request(method, path, body) {
  const headers = { Authorization: `Bearer ${token.get()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  const answer = await fetch(`/api/v1/${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({ title: answer.statusText }));
  const sentences = [problem.title, problem.detail, problem.mend].filter(Boolean);
  const error = new Error(sentences.map((one) => one[0].toUpperCase() + one.slice(1)).join(". "));
  error.type = problem.type;
  throw error;
}

export const api = {
  get: async (path) => (await request("GET", path)).json(),
  post: async (path, body = {}) => (await request("POST", path, body)).json(),
  picture: async (path) => URL.createObjectURL(await (await request("GET", path)).blob()),
  act: (device, action, ...args) => api.post(`twin/${device}/${action}`, { args }),
};

// Calls handlers.frame(frame) for each frame, handlers.state("live" | "lost"), handlers.refused(why).
export function follow(handlers) {
  let after = null;
  let pause = 500;
  let socket = null;
  let ended = false;

  function connect() {
    let why = "";
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`, "hub.v1");
    socket.onopen = () => {
      socket.send(JSON.stringify({ token: token.get(), ...(after === null ? { recent: RECENT } : { after }) }));
    };
    socket.onmessage = (message) => {
      const frame = JSON.parse(message.data);
      if (frame.kind === "problem") {
        why = [frame.problem.title, frame.problem.detail].filter(Boolean).join(": ");
        return;
      }
      if (frame.kind === "snapshot") {
        pause = 500;
        handlers.state("live");
      }
      if (frame.kind === "event") after = frame.seq;
      handlers.frame(frame);
    };
    socket.onclose = (end) => {
      if (ended) return;
      if (end.code === UNAUTHORIZED || end.code === FORBIDDEN) {
        handlers.refused(why);
        return;
      }
      if (end.code === BEYOND_END) after = null;
      handlers.state("lost");
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, 5000);
    };
  }

  connect();
  return () => { ended = true; socket.close(); };
}
