// The frame of every page: top bar, addresses, live changes. Each page is a view:
// `{ root, title, changed(change) }` and where it needs them `open(...ids)`, `left()`, `key(name, target)`,
// shown in <main>.

import { watch } from "./api.js";
import { customerView } from "./customer.js";
import { inboxView } from "./inbox.js";
import { demo, el, icon, lang, setText, words } from "./parts.js";
import { settingsView } from "./settings.js";

const BRAND = "Messenger CRM";

const routes = [
  { path: /^\/(?:inbox)?$/, view: inboxView, name: "inbox" },
  { path: /^\/inbox\/([^/]+)\/([^/]+)$/, view: inboxView, name: "inbox" },
  { path: /^\/customers\/([^/]+)\/([^/]+)$/, view: customerView, name: "customer" },
  { path: /^\/settings$/, view: settingsView, name: "settings" },
];

const main = document.getElementById("main");
let shown = null;
let unread = 0;

// ---- addresses ------------------------------------------------------------

/** What the views may ask of the frame. */
const frame = { go, retitle, count, help };

function go(path) {
  history.pushState(null, "", path);
  show();
}

function show() {
  const { route, ids } = find(location.pathname);
  if (shown?.view === route.view && shown.open) {
    shown.open(...ids);
  } else {
    const before = shown;
    before?.left?.();
    document.getElementById("banners").replaceChildren();
    shown = route.view(frame, ...ids);
    shown.view = route.view;
    main.replaceChildren(shown.root);
    main.dataset.view = route.name;
    if (before !== null) main.focus({ preventScroll: true });
    shown.open?.(...ids);
  }
  for (const link of document.querySelectorAll("#top nav a")) {
    if (link.dataset.view === route.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  retitle();
}

function find(path) {
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match === null) continue;
    try {
      return { route, ids: match.slice(1).map(decodeURIComponent) };
    } catch {
      break;
    }
  }
  return { route: routes[0], ids: [] };
}

function retitle() {
  const counter = unread > 0 ? `(${unread}) ` : "";
  document.title = `${counter}${shown.title} · ${BRAND}`;
}

/** How many conversations wait unread, for the tab's title. */
function count(conversations) {
  unread = conversations;
  retitle();
}

function followLink(event) {
  const link = event.target.closest("a[href]");
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (link === null || !plain || event.defaultPrevented || link.target !== "") return;
  if (link.origin !== location.origin || !routes.some((route) => route.path.test(link.pathname))) return;
  event.preventDefault();
  if (link.pathname !== location.pathname) go(link.pathname);
}

// ---- the top bar ----------------------------------------------------------

function topBar(connection) {
  return [
    el("a", { class: "brand", href: "/inbox" }, icon("brand"), el("span", {}, BRAND)),
    demo ? el("span", { class: "demo", title: words.demo_note }, words.demo) : null,
    el("nav", { "aria-label": words.navigation },
      el("a", { href: "/inbox", "data-view": "inbox" }, words.inbox),
      el("a", { href: "/settings", "data-view": "settings" }, words.settings)),
    el("span", { class: "space" }),
    connection,
    el("div", { class: "languages", role: "group", "aria-label": words.language },
      languageButton("en", "English"), languageButton("zh-TW", "繁體中文")),
  ].filter((part) => part !== null);
}

function languageButton(code, name) {
  return el("button", { type: "button", lang: code, "aria-pressed": String(lang === code), onclick: () => speak(code) }, name);
}

function speak(code) {
  document.cookie = `lang=${code}; path=/; SameSite=Lax; max-age=31536000`;
  location.reload();
}

function connectionBadge() {
  const states = { live: words.live, reconnecting: words.reconnecting, offline: words.offline };
  const text = el("span", { class: "whole" }, words.connecting);
  const badge = el("span", { class: "connection", role: "status", "data-state": "reconnecting", title: words.connecting }, text);
  const tell = (state) => {
    badge.dataset.state = state;
    badge.title = states[state];
    setText(text, states[state]);
  };
  return { badge, tell };
}

// ---- keys -----------------------------------------------------------------

function pressed(event) {
  const typing = event.target.closest("input, textarea, select");
  if (document.querySelector("dialog[open]") !== null || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing !== null && event.key !== "Escape") return;
  if (event.key === "?") help();
  else if (shown.key?.(event.key, event.target)) event.preventDefault();
}

function help() {
  const keys = [
    ["/", words.key_search], ["J  ↓", words.key_down], ["K  ↑", words.key_up], ["Enter", words.key_open],
    ["R", words.key_reply], ["Esc", words.key_leave], ["Shift + Enter", words.key_newline],
  ];
  const dialog = el("dialog", { "aria-labelledby": "help", onclose: () => dialog.remove() },
    el("h2", { id: "help" }, words.keys),
    el("dl", { class: "keys" }, keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
    el("div", { class: "buttons" }, el("button", { type: "button", class: "primary", onclick: () => dialog.close() }, words.close)));
  document.body.append(dialog);
  dialog.showModal();
}

// ---- start ----------------------------------------------------------------

const { badge, tell } = connectionBadge();
document.getElementById("top").append(...topBar(badge));
document.addEventListener("click", followLink);
document.addEventListener("keydown", pressed);
addEventListener("popstate", show);
show();
watch((change) => shown.changed?.(change), tell);
