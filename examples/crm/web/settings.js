// Connecting Facebook Pages, whether they work, and requests of people to delete their data.

import { api, explain, metaNumbers, Refused, Unreachable } from "./api.js";
import {
  announce, ask, coalesced, copyButton, el, fill, hideBanner, keep, moment, oneLine, setText, showBanner, words,
} from "./parts.js";

export function settingsView() {
  const note = el("p", { class: "note", hidden: true }, words.read_only_note);
  const cards = el("div", { class: "cards" });
  const form = credentials(refreshed);
  const privacy = privacyCard();
  const root = el("div", { class: "sheet" },
    el("h1", {}, words.settings), note,
    el("section", { class: "card", "aria-labelledby": "connect-title" },
      el("h2", { id: "connect-title" }, words.connect_title),
      el("p", { class: "muted" }, words.connect_text), form.root),
    cards, privacy.root);

  const refresh = coalesced(async () => {
    try {
      const { connections, read_only } = await api.connections();
      hideBanner("settings");
      note.hidden = !read_only;
      form.lock(read_only);
      const shown = connections.length > 0 ? connections : [UNCONNECTED];
      keep(cards, shown, ({ page }) => `page ${page.id}`, () => connectionCard(refresh),
        (card, connection) => card.show(connection, read_only));
      await privacy.refresh();
    } catch (error) {
      showBanner("settings", explain(error), refresh);
    }
  });

  function refreshed(connection) {
    announce(fill(words.connected, { page: oneLine(connection.page.name) }));
    return refresh();
  }

  refresh();
  return { root, title: words.settings, changed: refresh };
}

/** What the card shows before there is a connection. */
const UNCONNECTED = { page: { id: "", name: "" }, app_id: null, webhook_url: null, verify_token: null, problems: [], paused: false };

// ---- the form -------------------------------------------------------------

function credentials(connected) {
  const fields = {
    app_id: field("app-id", words.app_id, { inputmode: "numeric" }, words.app_id_help),
    app_secret: field("app-secret", words.app_secret, { type: "password" }, words.app_secret_help),
    page_token: field("page-token", words.page_token, { type: "password" }, words.page_token_help),
  };
  const result = el("p", { class: "result", role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, words.connect);
  const root = el("form", { class: "credentials", novalidate: true, autocomplete: "off" },
    Object.values(fields).map(({ root }) => root), el("div", { class: "buttons" }, button, result));
  let busy = false;

  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    setText(button, words.connecting);
    tell(null);
    try {
      const values = Object.entries(fields).map(([name, { input }]) => [name, input.value.trim()]);
      const { connection } = await api.connect(Object.fromEntries(values));
      root.reset();
      await connected(connection);
      result.className = "result good";
      result.textContent = fill(words.connected, { page: oneLine(connection.page.name) });
    } catch (error) {
      tell(error);
    }
    busy = false;
    button.removeAttribute("aria-disabled");
    setText(button, words.connect);
  });

  /** Puts a refusal beside the field it is about. */
  function tell(error) {
    for (const one of Object.values(fields)) one.complain("");
    result.className = "result";
    result.textContent = "";
    if (error === null) return;
    const [name, text] = refusal(error);
    if (name === null) {
      result.textContent = text;
    } else {
      fields[name].complain(text);
      fields[name].input.focus();
    }
  }

  function lock(read_only) {
    for (const { input } of Object.values(fields)) input.disabled = read_only;
    button.disabled = read_only;
  }

  return { root, lock };
}

function field(id, label, attributes, help) {
  const input = el("input", {
    id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": `${id}-help ${id}-error`, ...attributes,
  });
  const error = el("p", { class: "field-error", id: `${id}-error` });
  const root = el("div", { class: "field" },
    el("label", { for: id }, label), input, el("p", { class: "help", id: `${id}-help` }, help), error);
  const complain = (text) => {
    error.textContent = text;
    input.setAttribute("aria-invalid", String(text !== ""));
  };
  return { root, input, complain };
}

/** The field a refusal is about (or none), and what to do. */
function refusal(error) {
  if (error instanceof Unreachable) return [null, words.error_unreachable];
  if (!(error instanceof Refused)) throw error;
  switch (error.code) {
    case "blank_app_id": return ["app_id", words.error_blank];
    case "blank_app_secret": return ["app_secret", words.error_blank];
    case "blank_page_token": return ["page_token", words.error_blank];
    case "bad_app_id": return ["app_id", words.error_bad_app_id];
    case "token_refused": return ["page_token", withMeta(words.error_token_refused, error.details)];
    case "not_a_page": return ["page_token", withMeta(words.error_not_a_page, error.details)];
    case "user_token": return ["page_token", words.error_user_token];
    case "app_token": return ["page_token", words.error_app_token];
    case "token_of_other_app": return ["page_token", words.error_token_of_other_app];
    case "app_mismatch": return ["app_secret", words.error_app_mismatch];
    case "graph_unreachable": return [null, withMeta(words.error_graph_unreachable, error.details)];
    default: return [null, explain(error)];
  }
}

function withMeta(text, { meta_code, meta_subcode, trace, user_message }) {
  const numbers = metaNumbers({ code: meta_code, subcode: meta_subcode, trace });
  return [text, user_message && fill(words.meta_says, { text: user_message }), numbers && `(${numbers})`].filter(Boolean).join(" ");
}

// ---- one card per Page ----------------------------------------------------

let cardCount = 0;

function connectionCard(refresh) {
  const id = `connection-${cardCount += 1}`;
  const title = el("h2", { id });
  const app = el("p", { class: "muted" });
  const url = el("output", { id: `${id}-url` });
  const token = el("output", { id: `${id}-token` });
  const copies = [copyButton(words.webhook_url, url), copyButton(words.verify_token, token)];
  const health = el("div", { class: "health" });
  const check = el("button", { type: "button", onclick: checkNow }, words.check);
  const reset = el("button", { type: "button", onclick: askAndReset }, words.reset);
  const remove = el("button", { type: "button", onclick: askAndDisconnect }, words.disconnect);
  const done = el("p", { class: "result good", role: "status" });
  let page = null;

  const line = (label, output, copy) => el("div", { class: "output" },
    el("label", { for: output.id }, label), el("div", { class: "output-line" }, output, copy));
  const root = el("section", { class: "card", "aria-labelledby": id },
    title, app, health, line(words.webhook_url, url, copies[0]), line(words.verify_token, token, copies[1]),
    el("p", { class: "help" }, words.webhook_help), el("div", { class: "buttons" }, check, reset, remove, done));

  root.show = (connection, read_only) => {
    const connected = connection.webhook_url !== null;
    page = connection.page;
    setText(title, connected ? oneLine(page.name) : words.webhook);
    setText(app, connected ? fill(words.connected_app, { app: connection.app_id, page: page.id }) : words.not_connected);
    setText(url, connection.webhook_url ?? words.none);
    setText(token, connection.verify_token ?? words.none);
    for (const output of [url, token]) output.classList.toggle("muted", !connected);
    for (const copy of copies) copy.hidden = !connected;
    for (const button of [check, reset, remove]) button.hidden = !connected;
    for (const button of [reset, remove]) button.disabled = read_only;
    health.hidden = !connected;
    const looks = JSON.stringify([connection.problems, connection.paused]);
    if (health.dataset.looks === looks) return;
    health.dataset.looks = looks;
    health.replaceChildren(...healthOf(connection));
  };

  async function checkNow() {
    check.setAttribute("aria-disabled", "true");
    setText(done, "");
    try {
      const { connection } = await api.check(page.id);
      await refresh();
      setText(done, connection.problems.length === 0 ? words.health_good : words.checked);
    } catch (error) {
      showBanner("check", explain(error), checkNow);
    }
    check.removeAttribute("aria-disabled");
  }

  async function askAndDisconnect() {
    const sure = await ask({
      title: fill(words.disconnect_title, { page: oneLine(page.name) }),
      paragraphs: [words.disconnect_text],
      yes: words.disconnect,
      dangerous: true,
    });
    if (!sure) return;
    try {
      const { unsubscribed } = await api.disconnect(page.id);
      announce(fill(words.disconnected, { page: oneLine(page.name) }));
      if (!unsubscribed) showBanner("disconnect", words.disconnect_refused);
      await refresh();
    } catch (error) {
      showBanner("disconnect", explain(error), askAndDisconnect);
    }
  }

  async function askAndReset() {
    const sure = await ask({
      title: fill(words.reset_title, { page: oneLine(page.name) }),
      paragraphs: [words.reset_text, words.reset_afterwards],
      yes: words.reset,
      dangerous: true,
    });
    if (!sure) return;
    try {
      await api.reset(page.id);
      await refresh();
      setText(done, words.reset_done);
    } catch (error) {
      showBanner("reset", explain(error), askAndReset);
    }
  }

  return root;
}

/** What keeps a Page from working, each with its cure; or that nothing does. */
function healthOf({ problems, paused }) {
  if (problems.length === 0) return [el("p", { class: "result good" }, paused ? words.paused : words.health_good)];
  const cures = {
    not_connected: words.problem_not_connected,
    token_refused: words.problem_token_refused,
    permission_missing: words.problem_permission_missing,
    restricted: words.problem_restricted,
    throttled: words.problem_throttled,
    unsubscribed: words.problem_unsubscribed,
    held_by_another: words.problem_held_by_another,
  };
  return problems.map(({ problem, code, at }) => el("p", { class: "note" },
    cures[problem] ?? problem, " ", code === null ? null : `(${metaNumbers({ code })}) `, moment(at)));
}

// ---- requests of people ---------------------------------------------------

function privacyCard() {
  const rows = el("ul", { class: "requests" });
  const root = el("section", { class: "card", "aria-labelledby": "privacy-title", hidden: true },
    el("h2", { id: "privacy-title" }, words.privacy), el("p", { class: "muted" }, words.privacy_text), rows);

  async function refresh() {
    const { requests } = await api.privacy();
    root.hidden = requests.length === 0;
    keep(rows, requests, ({ app_id, code }) => `${app_id} ${code}`, () => requestRow(refresh), (row, request) => row.show(request));
  }

  return { root, refresh };
}

function requestRow(refresh) {
  const what = el("p", {});
  const note = el("p", { class: "muted" });
  const settle = el("button", { type: "button", onclick: askAndSettle }, words.settle);
  const root = el("li", {}, what, note, settle);
  let request = null;

  root.show = (shown) => {
    const looks = JSON.stringify(shown);
    if (root.dataset.looks === looks) return;
    root.dataset.looks = looks;
    request = shown;
    const states = { open: words.request_open, erased: words.request_erased, settled: words.request_settled };
    const kind = request.kind === "deletion" ? words.request_deletion : words.request_deauthorization;
    what.replaceChildren(el("strong", {}, kind), " ", moment(request.requested_at), " · ", states[request.state]);
    const person = request.user === null ? "" : ` · ${fill(words.request_person, { id: request.user })}`;
    setText(note, `${fill(words.request_code, { code: request.code, app: request.app_id })}${person}`);
    settle.hidden = request.state !== "open";
  };

  async function askAndSettle() {
    const sure = await ask({ title: words.settle_title, paragraphs: [words.settle_text], yes: words.settle });
    if (!sure) return;
    try {
      await api.settle(request.app_id, request.code);
      await refresh();
    } catch (error) {
      showBanner("settle", explain(error), askAndSettle);
    }
  }

  return root;
}
