// Everything that speaks with the server: JSON calls and the stream of changes.

import { fill, words } from "./parts.js";

const PATIENCE = 20_000;

/** The server answered, and said no. */
export class Refused extends Error {
  constructor(status, error) {
    super(`${status} ${error.code}`);
    this.status = status;
    this.code = error.code;
    this.details = error;
  }
}

/** No answer that can be understood: what was asked for may or may not have been done. */
export class Unreachable extends Error {}

export const api = {
  pages: () => call("GET", "/api/pages"),
  customers: (query) => call("GET", `/api/customers?${parameters(query)}`),
  customer: (page, psid) => call("GET", `/api/customer?${parameters({ page, psid })}`),
  messages: (page, psid, before = null) => call("GET", `/api/messages?${parameters({ page, psid, before })}`),
  send: (message) => call("POST", "/api/messages", message),
  seen: (mark) => call("POST", "/api/seen", mark),
  connections: () => call("GET", "/api/connections"),
  connect: (credentials) => call("POST", "/api/connections", credentials),
  reset: (page) => call("POST", "/api/connections/reset", { page }),
  check: (page) => call("POST", "/api/connections/check", { page }),
  disconnect: (page) => call("POST", "/api/connections/remove", { page }),
  erase: (page, psid) => call("POST", "/api/customer/erase", { page, psid }),
  privacy: () => call("GET", "/api/privacy"),
  settle: (app_id, code) => call("POST", "/api/privacy/settle", { app_id, code }),
};

/** What to tell the user about a failed call. */
export function explain(error) {
  if (error instanceof Unreachable) return words.error_unreachable;
  if (!(error instanceof Refused)) throw error;
  switch (error.code) {
    case "empty": return words.error_empty;
    case "too_long": return words.error_too_long;
    case "window_closed": return words.error_window_closed;
    case "not_found": return words.error_not_found;
    case "read_only": return words.error_read_only;
    case "graph_unreachable": return words.error_graph_unreachable;
    default: return fill(words.error_other, { code: error.message });
  }
}

/** Meta's numbers for an error, as support asks for them. */
export function metaNumbers({ code, subcode, trace }) {
  return [
    code && fill(words.meta_code, { code }),
    subcode && fill(words.meta_subcode, { subcode }),
    trace && fill(words.meta_trace, { trace }),
  ].filter(Boolean).join(" · ");
}

async function call(method, path, body) {
  const response = await answer(method, path, body);
  const text = await response.text().catch(() => "");
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    if (response.ok || response.status >= 500) throw new Unreachable(`${response.status} without JSON`);
    throw new Refused(response.status, { code: "unexpected" });
  }
  if (response.ok) return value;
  throw new Refused(response.status, value.error ?? { code: "unexpected" });
}

async function answer(method, path, body) {
  try {
    return await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (cause) {
    throw new Unreachable("no answer", { cause });
  }
}

function parameters(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== "");
  return new URLSearchParams(given).toString();
}

// ---- changes --------------------------------------------------------------

/**
 * Reports every change, and whether changes can be heard of at all ("live", "reconnecting",
 * "offline"). A browser opens six connections to a server at most, so its tabs share one stream:
 * the tab that holds the lock listens and tells the others.
 */
export function watch(onChange, onState) {
  if (!navigator.locks) {
    listen(onChange, onState);
    return;
  }
  const tabs = new BroadcastChannel("messenger-crm");
  let stream = null;
  tabs.addEventListener("message", ({ data }) => {
    if (data.hello) stream?.greet();
    if (data.state) onState(data.state);
    if (data.change) onChange(data.change);
  });
  const hello = () => { if (stream === null) tabs.postMessage({ hello: true }); };
  document.addEventListener("visibilitychange", hello);
  hello();
  navigator.locks.request("messenger-crm-stream", () => new Promise(() => {
    stream = listen(
      (change) => { onChange(change); tabs.postMessage({ change }); },
      (state) => { onState(state); tabs.postMessage({ state }); },
    );
  }));
}

/** What is reported after a gap: anything may have changed. */
export const ANYTHING = { page: null, revision: null };

function listen(onChange, onState) {
  let source = null;
  let state = "reconnecting";
  let failures = 0;
  let timer;

  const tell = (news) => { state = news; onState(state); };
  const open = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("/api/events");
    source.onopen = () => { failures = 0; tell("live"); onChange(ANYTHING); };
    source.onmessage = (event) => onChange(JSON.parse(event.data));
    source.onerror = () => {
      source.close();
      failures += 1;
      tell(failures < 4 && navigator.onLine ? "reconnecting" : "offline");
      timer = setTimeout(open, Math.min(15_000, 500 * 2 ** failures));
    };
  };
  const wake = () => { if (state !== "live") open(); };

  addEventListener("online", open);
  addEventListener("offline", () => tell("offline"));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });
  open();
  return { greet: () => { tell(state); wake(); } };
}
