// What every page is made of: words, times, elements. Customers' texts reach the
// document only as text nodes and attributes, never as markup.

export const lang = document.documentElement.lang;
export const demo = document.body.dataset.demo === "true";

// ---- words ----------------------------------------------------------------

const table = JSON.parse(document.getElementById("words").textContent);

/** The words of this language; an unknown one is an error, not an "undefined" on the page. */
export const words = new Proxy(table, {
  get(known, key) {
    if (Object.hasOwn(known, key)) return known[key];
    throw new Error(`there is no word "${String(key)}"`);
  },
});

/** Puts values into a text such as "{from} – {to} of {total}". */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

// Letters that turn the reading direction around can make a name imitate another text.
const TURNING = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text for one line: no line breaks, no letters that turn the direction. */
export function oneLine(text) {
  return text.replace(TURNING, "").replace(/\s+/g, " ").trim();
}

/** What to call a customer, also before (or without) a profile. */
export function nameOf(customer) {
  const name = oneLine(customer.name ?? "");
  return name || fill(words.customer_unnamed, { digits: customer.psid.slice(-4) });
}

// ---- numbers and times ----------------------------------------------------

const numbers = new Intl.NumberFormat(lang);
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto", style: "narrow" });
const days = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
const shortDay = new Intl.DateTimeFormat(lang, { dateStyle: "medium" });
const longDay = new Intl.DateTimeFormat(lang, { dateStyle: "full" });

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const number = (value) => numbers.format(value);
export const exactTime = (at) => exact.format(at);

/** "now", "5 min. ago", "yesterday", and after a week the date. */
function ago(at) {
  const past = Math.max(0, Date.now() - at);
  if (past < MINUTE) return relative.format(0, "second");
  if (past < HOUR) return relative.format(-Math.floor(past / MINUTE), "minute");
  if (past < DAY) return relative.format(-Math.floor(past / HOUR), "hour");
  if (past < 7 * DAY) return relative.format(-Math.floor(past / DAY), "day");
  return shortDay.format(at);
}

/** The calendar day of a message: "today", "yesterday", else the date. */
export function dayOf(at) {
  const distance = Math.round((midnight(at) - midnight(Date.now())) / DAY);
  return distance === 0 || distance === -1 ? days.format(distance, "day") : longDay.format(at);
}

export const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);

/** "5 hr" or, below two hours, "95 min". */
export function duration(milliseconds) {
  const [unit, size] = milliseconds >= 2 * HOUR ? ["hour", HOUR] : ["minute", MINUTE];
  const count = Math.max(1, Math.floor(milliseconds / size));
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "short" }).format(count);
}

/** A moment whose relative time keeps itself right. */
export function moment(at) {
  const time = momentExact(at, ago(at));
  time.dataset.at = at;
  return time;
}

/** A moment shown as the time of its day. */
export const momentOfDay = (at) => momentExact(at, clock.format(at));

function momentExact(at, text) {
  return el("time", { datetime: new Date(at).toISOString(), title: exact.format(at) }, text);
}

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-at]")) {
    setText(time, ago(Number(time.dataset.at)));
  }
}, 15 * SECOND);

// ---- elements -------------------------------------------------------------

/** An element with attributes (functions become listeners) and children (text stays text). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else setAttribute(node, name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** `null`, `undefined` and `false` take the attribute away, `true` sets it bare. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
}

/** Changes a text only where it differs, so that nothing is announced or selected anew. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** One of the drawings in the page's shell. They only decorate: the text beside them says the same. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(svg.namespaceURI, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export const unseen = (text) => el("span", { class: "unseen" }, text);

/**
 * Makes the children of `parent` those of `items`, keeping the element of an item that was there
 * before: focus, selection and scroll position survive a live update.
 */
export function keep(parent, items, keyOf, make, update) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const keys = new Set(items.map(keyOf));
  const known = new Map();
  for (const node of [...parent.children]) {
    if (keys.has(node.dataset.key)) known.set(node.dataset.key, node);
    else node.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const node = known.get(key) ?? make(item);
    node.dataset.key = key;
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

/** The customer's picture, or the initials where there is none (or it does not load). */
export function avatar(customer, { large = false, label = "" } = {}) {
  const frame = el("span", { class: large ? "avatar large" : "avatar", "data-tint": tint(customer.psid) });
  const initials = () => {
    const letters = initialsOf(oneLine(customer.name ?? ""));
    frame.replaceChildren(letters === "" ? icon("person") : el("span", { "aria-hidden": "true" }, letters));
  };
  if (customer.picture === null) initials();
  else frame.append(el("img", { src: customer.picture, alt: label, onerror: initials }));
  return frame;
}

function initialsOf(name) {
  const parts = name.split(" ").filter((part) => /^[\p{L}\p{N}]/u.test(part));
  const chosen = parts.length > 1 ? [parts[0], parts.at(-1)] : parts;
  return chosen.map((part) => [...part][0].toLocaleUpperCase(lang)).join("");
}

function tint(psid) {
  let sum = 0;
  for (const letter of psid) sum = (sum * 31 + letter.codePointAt(0)) % 6;
  return sum;
}

/** What a page says when it has nothing to show, and what to do next. */
export function emptyState(symbol, title, text, action = null) {
  return el("div", { class: "empty" }, icon(symbol), el("h2", {}, title), el("p", {}, text), action);
}

/** A button that copies; where the browser refuses, it selects the text instead. */
export function copyButton(label, source) {
  const button = el("button", { type: "button", class: "quiet", "aria-label": fill(words.copy_what, { what: label }) }, words.copy);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      announce(words.copied);
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 2 * SECOND);
    } catch {
      getSelection().selectAllChildren(source);
    }
  });
  return button;
}

/** Tells a screen reader what a sighted person sees happen. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

// ---- questions and banners ------------------------------------------------

/** Asks before something that cannot be taken back. */
export function ask({ title, paragraphs, yes, dangerous = false }) {
  return new Promise((answer) => {
    const close = (value) => () => { dialog.close(value); };
    const dialog = el("dialog", { "aria-labelledby": "question", onclose: () => { dialog.remove(); answer(dialog.returnValue === "yes"); } },
      el("h2", { id: "question" }, title),
      paragraphs.map((text) => el("p", {}, text)),
      el("div", { class: "buttons" },
        el("button", { type: "button", autofocus: true, onclick: close("no") }, words.cancel),
        el("button", { type: "button", class: dangerous ? "dangerous" : "primary", onclick: close("yes") }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Shows one problem and what to do about it; `about` names the problem, so that it is shown once. */
export function showBanner(about, text, retry = null) {
  const alert = el("div", { class: "banner", role: "alert", "data-about": about },
    icon("alert"), el("p", {}, text),
    retry && el("button", { type: "button", onclick: () => { hideBanner(about); retry(); } }, words.try_again),
    el("button", { type: "button", class: "quiet", onclick: () => hideBanner(about) }, words.dismiss));
  const shown = bannerAbout(about);
  if (shown === null) document.getElementById("banners").append(alert);
  else if (shown.querySelector("p").textContent !== text) shown.replaceWith(alert);
}

export function hideBanner(about) {
  bannerAbout(about)?.remove();
}

function bannerAbout(about) {
  return document.querySelector(`#banners > [data-about="${CSS.escape(about)}"]`);
}

// ---- waiting --------------------------------------------------------------

/** Runs `work`; whatever asks for it meanwhile is answered by one more run afterwards. */
export function coalesced(work) {
  let running = null;
  let again = false;
  return () => {
    again = true;
    running ??= (async () => {
      while (again) {
        again = false;
        await work();
      }
    })().finally(() => { running = null; });
    return running;
  };
}

/** Runs `work` once the calls have paused. */
export function debounced(work, pause = 250) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, pause);
  };
}

// ---- remembering ----------------------------------------------------------

// A browser may refuse to store (private mode, full): then it lasts as long as its page.

/** What this browser remembers under a name, or "". */
export function remembered(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

export function remember(name, text) {
  try {
    if (text === "") localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // See above.
  }
}
