// One conversation: what was said, and the answer being written.

import { api, explain, metaNumbers, Refused } from "./api.js";
import { customerPath } from "./customer.js";
import {
  announce, ask, avatar, coalesced, dayOf, duration, el, exactTime, fill, hideBanner, icon, keep, midnight, momentOfDay, nameOf,
  number, oneLine, remember, remembered, setAttribute, setText, showBanner, unseen, words,
} from "./parts.js";

/** Meta takes at most so many UTF-16 units, which is what a string's length counts. */
const LONGEST = 2000;
const COUNTED_FROM = 1800;
/** The last part of the reply window, in which it is shown as urgent. */
const URGENT = 2 * 60 * 60 * 1000;
/** So near to its end (in pixels) the conversation follows new messages. */
const NEAR = 60;

const KINDS = {
  image: words.kind_image, audio: words.kind_audio, video: words.kind_video, file: words.kind_file, sticker: words.kind_sticker,
  location: words.kind_location, fallback: words.kind_fallback, template: words.kind_template, other: words.kind_other,
};

const STATES = {
  queued: { icon: "clock", text: words.state_queued },
  sending: { icon: "clock", text: words.state_sending },
  sent: { icon: "check", text: words.state_sent },
  delivered: { icon: "checks", text: words.state_delivered },
  read: { icon: "checks", text: words.state_read },
  failed: { icon: "alert", text: words.state_failed },
  unknown: { icon: "question", text: words.state_unknown },
};

const ADVICE = {
  outside_window: words.advice_outside_window,
  reauthorize: words.advice_reauthorize,
  unreachable: words.advice_unreachable,
  rate_limited: words.advice_rate_limited,
  permission: words.advice_permission,
  thread_control: words.advice_thread_control,
  blocked: words.advice_blocked,
  fix_request: words.advice_fix_request,
  try_again: words.advice_try_again,
  unknown: words.advice_unknown,
};

/** What an attachment is called. */
export const kindName = (kind) => KINDS[kind] ?? words.kind_other;

/** The mark of how far a message has come. */
export function tick(state) {
  const { icon: symbol, text } = STATES[state] ?? STATES.unknown;
  return el("span", { class: "tick", "data-state": state, title: text }, el("span", { class: "tick-text" }, text), icon(symbol));
}

/** The conversation pane; `onCustomer` hears of the customer whenever it has been read. */
export function conversation(page, psid, onCustomer) {
  const head = el("header", { class: "conversation-head" });
  const list = el("ol", { class: "bubbles" });
  const earlier = el("button", { type: "button", class: "earlier", hidden: true, onclick: readEarlier }, words.earlier);
  const log = el("div", { class: "log", role: "log", "aria-label": words.conversation, "aria-busy": "true", tabindex: "0" }, earlier, list);
  const jump = el("button", { type: "button", class: "jump", hidden: true, onclick: toEnd }, icon("down"), words.jump);
  const windowNote = el("p", { class: "window-note", hidden: true });
  const writer = composer(`draft ${page} ${psid}`, send);
  const root = el("section", { class: "conversation", "aria-label": words.conversation },
    head, el("div", { class: "log-frame" }, log, jump), windowNote, writer.root);

  let closed = false;
  let customer = null;
  let messages = [];
  let cursor = null;
  let pagesBack = 0;
  let nextKey = null;
  let attempt = null;
  let revision = 0;
  let replyWindow = null;
  let firstUnread = null;
  let seenUpTo = null;
  let atEnd = true;
  const sentAgain = new Map();

  // ---- reading --------------------------------------------------------

  const refresh = coalesced(async () => {
    try {
      const [who, newest] = await Promise.all([api.customer(page, psid), api.messages(page, psid)]);
      const older = await readBack(newest.earlier);
      if (closed) return;
      hideBanner("conversation");
      revision = newest.revision;
      nextKey = newest.key;
      replyWindow = newest.window;
      const first = customer === null;
      if (first) firstUnread = unreadFrom(newest.messages, who.unread);
      customer = who;
      onCustomer(customer);
      showHead();
      show([...older, ...newest.messages], first);
      settleAttempt();
      markSeen();
    } catch (error) {
      if (closed) return;
      if (error.code === "not_found") root.replaceChildren(el("div", { class: "empty" }, icon("person"), el("h2", {}, words.no_such_customer), el("p", {}, words.no_such_customer_text)));
      else showBanner("conversation", explain(error), refresh);
    }
  });

  /** Reads again as many earlier pages as are shown. */
  async function readBack(from) {
    let older = [];
    cursor = from;
    for (let step = 0; step < pagesBack && cursor !== null; step += 1) {
      const listing = await api.messages(page, psid, cursor);
      older = [...listing.messages, ...older];
      cursor = listing.earlier;
    }
    return older;
  }

  async function readEarlier() {
    const fromEnd = log.scrollHeight - log.scrollTop;
    pagesBack += 1;
    await refresh();
    log.scrollTop = log.scrollHeight - fromEnd;
  }

  // ---- showing --------------------------------------------------------

  function showHead() {
    const looks = JSON.stringify([customer.name, customer.picture]);
    if (head.dataset.looks !== looks) {
      head.dataset.looks = looks;
      head.replaceChildren(
        el("a", { class: "way-back", href: "/inbox", "aria-label": words.back_to_inbox, title: words.back_to_inbox }, icon("back")),
        avatar(customer),
        el("h2", {}, el("a", { href: customerPath(customer), dir: "auto", title: words.open_customer }, nameOf(customer))),
        el("span", { class: "space" }),
        el("span", { class: "window" }));
    }
    showWindow();
  }

  function showWindow() {
    if (replyWindow === null) return;
    const chip = head.querySelector(".window");
    const left = replyWindow.open ? replyWindow.until - Date.now() : 0;
    const open = left > 0;
    chip.dataset.state = !open ? "closed" : left < URGENT ? "urgent" : "open";
    setText(chip, open ? fill(words.window_left, { time: duration(left) }) : words.window_closed);
    chip.title = open ? fill(words.window_until, { time: exactTime(replyWindow.until) }) : words.window_explained;
    windowNote.hidden = open;
    setText(windowNote, open ? "" : words.window_explained);
  }

  function show(all, first) {
    const known = new Set(messages.map(({ id }) => id));
    const news = all.filter((message) => message.side === "customer" && !known.has(message.id));
    messages = all;
    earlier.hidden = cursor === null;
    keep(list, rows(), (row) => row.key, (row) => el("li", { class: row.class }), (node, row) => row.fill(node));
    if (atEnd) toEnd();
    else if (news.length > 0 && news.at(-1) === messages.findLast(({ side }) => side === "customer")) jump.hidden = false;
    if (first) setTimeout(() => log.removeAttribute("aria-busy"), 200);
  }

  /** The messages, with a line where a day and where the unread ones begin. */
  function rows() {
    const all = [];
    let day = null;
    for (const message of messages) {
      if (midnight(message.at) !== day) {
        day = midnight(message.at);
        const text = dayOf(message.at);
        all.push({ key: `day ${day}`, class: "day", fill: (node) => setText(node, text) });
      }
      if (message.id === firstUnread) all.push({ key: "new", class: "new", fill: (node) => setText(node, words.new_messages) });
      // Notes and acts of the team are no messages to or from the customer.
      if (message.side === "team") {
        const text = oneLine(message.text ?? message.title ?? "");
        all.push({ key: `message ${message.id}`, class: "day", fill: (node) => setText(node, text) });
      } else all.push({ key: `message ${message.key ?? message.id}`, class: `bubble ${message.side}`, fill: (node) => fillBubble(node, message) });
    }
    if (messages.length === 0) all.push({ key: "none", class: "day", fill: (node) => setText(node, words.no_messages) });
    return all;
  }

  function fillBubble(node, message) {
    const again = mayBeSentAgain(message);
    const quoted = quotedBy(message);
    const looks = JSON.stringify([message, again, quoted]);
    if (node.dataset.looks === looks) return;
    node.dataset.looks = looks;
    setAttribute(node, "data-state", message.state);
    node.replaceChildren(...bubble(message, nameOf(customer), quoted, again && (() => sendAgain(message))));
  }

  /** What the message answers, as far as it is shown; null when it answers none. */
  function quotedBy({ reply_to: mid }) {
    if (mid === null) return null;
    const quoted = messages.find(({ mid: own }) => own === mid);
    return quoted?.text ?? quoted?.title ?? words.quoted_elsewhere;
  }

  function toEnd() {
    atEnd = true;
    log.scrollTop = log.scrollHeight;
    jump.hidden = true;
    markSeen();
  }

  log.addEventListener("scroll", () => {
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    if (!atEnd) return;
    jump.hidden = true;
    markSeen();
  });
  // A phone's keyboard takes half of the screen: what was last said stays in view.
  new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(log);

  // ---- seen -----------------------------------------------------------

  /** Tells the server only what somebody can have seen: the end of a conversation in a visible tab. */
  async function markSeen() {
    const last = messages.findLast(({ side }) => side === "customer")?.id;
    if (closed || document.hidden || !atEnd || last === undefined || last === seenUpTo) return;
    const before = seenUpTo;
    seenUpTo = last;
    try {
      await api.seen({ page, psid, revision });
    } catch {
      seenUpTo = before; // not worth a banner: the next look at the conversation tells it again
    }
  }

  // ---- sending --------------------------------------------------------

  /**
   * A key is used again only for the same text: whoever presses Send twice, or again after an answer
   * that got lost, sends one message; a changed text is a new message.
   */
  async function send(text) {
    if (attempt?.text !== text) attempt = { key: nextKey, text };
    try {
      const { key } = await api.send({ page, psid, key: attempt.key, text });
      attempt = null;
      nextKey = key;
      hideBanner("send");
    } catch (error) {
      if (error instanceof Refused) attempt = null;
      showBanner("send", explain(error));
      throw error;
    }
    if (closed) return;
    await refresh();
    toEnd();
  }

  /** An answer got lost, but the message is here after all. */
  function settleAttempt() {
    if (attempt === null || !messages.some(({ key }) => key === attempt.key)) return;
    writer.clear(attempt.text);
    attempt = null;
    hideBanner("send");
  }

  /** Not what would certainly fail again, and not twice from the same bubble. */
  function mayBeSentAgain(message) {
    if (message.text === null || message.side !== "page" || !message.by_us || sentAgain.get(message.id) === "done") return false;
    if (message.state === "unknown") return true;
    if (message.state !== "failed") return false;
    const advice = message.reason?.advice ?? "unknown";
    return advice === "outside_window" ? replyWindow.open : advice !== "fix_request";
  }

  async function sendAgain(message) {
    if (sentAgain.has(message.id)) return;
    sentAgain.set(message.id, "asking");
    try {
      if (message.state !== "unknown" || await ask({ title: words.again_title, paragraphs: [words.again_text], yes: words.send_again })) {
        const { key } = await api.messages(page, psid);
        await api.send({ page, psid, key, text: message.text });
        sentAgain.set(message.id, "done");
        announce(words.state_queued);
        await refresh();
        toEnd();
      }
    } catch (error) {
      showBanner("send", explain(error));
    }
    if (sentAgain.get(message.id) === "asking") sentAgain.delete(message.id);
  }

  // ---- coming and going -----------------------------------------------

  const ticking = setInterval(showWindow, 15_000);
  document.addEventListener("visibilitychange", markSeen);

  function close() {
    closed = true;
    clearInterval(ticking);
    document.removeEventListener("visibilitychange", markSeen);
    hideBanner("conversation");
    hideBanner("send");
  }

  refresh();
  return { root, refresh, close, focus: writer.focus };
}

/** The first of the last `count` messages of the customer: where reading was left. */
function unreadFrom(messages, count) {
  return count === 0 ? null : messages.filter(({ side }) => side === "customer").at(-count)?.id ?? null;
}

// ---- bubbles --------------------------------------------------------------

function bubble(message, name, quoted, again) {
  return [
    unseen(fill(words.says, { name: message.side === "page" ? words.you : name })),
    quoted === null ? null : el("p", { class: "quoted", dir: "auto" }, fill(words.quoted, { text: oneLine(quoted) })),
    message.title === null ? null : el("p", { class: "pressed", dir: "auto" }, fill(words.pressed, { title: oneLine(message.title) })),
    message.text === null ? null : el("p", { class: "text", dir: "auto" }, withLinks(message.text)),
    message.attachments.filter((one) => !isLike(one, message)).flatMap(attachment),
    choices(message.buttons),
    isBlank(message) ? el("p", { class: "text muted" }, message.unsent_at === null ? words.no_content : words.unsent) : null,
    message.reactions.length === 0 ? null : el("p", { class: "reactions" }, message.reactions.map(({ emoji, name: named }) => emoji ?? named ?? "").join(" ")),
    el("p", { class: "foot" }, origin(message), edited(message), momentOfDay(message.at), message.state === null ? null : tick(message.state)),
    trouble(message, again),
  ].flat().filter((part) => part !== null);
}

const isBlank = ({ text, title, attachments }) => text === null && title === null && attachments.length === 0;

/** Where a message came from, if not from this CRM's own conversation. */
function origin({ side, by_us, source }) {
  if (source === "standby") return el("span", { class: "origin" }, words.from_standby);
  return side === "page" && !by_us ? el("span", { class: "origin" }, words.sent_elsewhere) : null;
}

const edited = ({ edited_at: at, unsent_at: gone }) => at === null || gone !== null ? null : el("span", { class: "origin", title: exactTime(at) }, words.edited);

/** A sticker with a thumb: the text of its message is the thumb, and says it all. */
const isLike = ({ id }, { text, attachments }) =>
  text === "👍" && id !== undefined && attachments.some((one) => one.kind === "sticker" && one.id === id);

function attachment({ kind, url, title, text, coordinates, cards = [], buttons = [] }) {
  const address = webAddress(url ?? mapOf(coordinates));
  const name = el("span", {}, title ? `${kindName(kind)}: ${oneLine(title)}` : kindName(kind));
  return [
    el("p", { class: "attachment" }, icon("clip"), address === null ? name : link(address, name, " ", el("small", {}, address.host))),
    text ? el("p", { class: "text", dir: "auto" }, withLinks(text)) : null,
    cards.flatMap(card),
    choices(buttons),
  ].flat();
}

function card({ title, subtitle, price, url, buttons = [] }) {
  const address = webAddress(url);
  const line = [title, price].filter(Boolean).map(oneLine).join(" · ");
  return [
    line === "" ? null : el("p", { class: "card-title", dir: "auto" }, address === null ? line : link(address, line)),
    subtitle ? el("p", { class: "card-text", dir: "auto" }, subtitle) : null,
    choices(buttons),
  ];
}

/** The buttons that the customer sees below a message. Here they can only be looked at. */
function choices(buttons) {
  const labels = buttons.filter(({ title }) => title).map(({ title, url }) => {
    const address = webAddress(url);
    return el("span", { class: "choice-label", dir: "auto" }, address === null ? oneLine(title) : link(address, oneLine(title)));
  });
  return labels.length === 0 ? null : el("p", { class: "choices" }, labels);
}

const mapOf = (at) => at && `https://www.openstreetmap.org/?${new URLSearchParams({ mlat: at.latitude, mlon: at.longitude })}`;

/** Splits a text at its web addresses; nothing but http and https becomes a link. */
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"'`\p{Script=Han}\u3000-\u303f\uff00-\uffef\u202a-\u202e\u2066-\u2069]+)/iu).map((part, index) => {
    const address = index % 2 === 1 ? webAddress(part) : null;
    return address === null ? part : link(address, part);
  });
}

function webAddress(text) {
  try {
    const url = new URL(text);
    return ["https:", "http:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

function link(address, ...children) {
  return el("a", { href: address.href, target: "_blank", rel: "noopener noreferrer nofollow", title: address.host }, ...children);
}

/** Why a message waits, failed or is in doubt, and what can be done. */
function trouble({ state, reason, next_attempt: next }, again) {
  if (state === "queued" && reason !== null && next !== null) {
    // The Page is paused until somebody has cured the cause.
    const waits = ["reauthorize", "blocked"].includes(reason.advice);
    const text = waits ? `${ADVICE[reason.advice]} ${words.sent_afterwards}` : fill(words.next_attempt, { time: exactTime(next) });
    return el("p", { class: "trouble" }, text, " ", el("span", { class: "numbers" }, metaNumbers(reason)));
  }
  if (state !== "failed" && state !== "unknown") return null;
  const says = [reason?.user_title, reason?.user_message].filter(Boolean).join(": ");
  const numbers = reason === null ? "" : metaNumbers(reason);
  const advice = state === "unknown" ? words.unknown_text : ADVICE[reason?.advice] ?? words.advice_unknown;
  return el("div", { class: "trouble" },
    el("p", {}, advice),
    says === "" ? null : el("p", { dir: "auto" }, fill(words.meta_says, { text: says })),
    numbers === "" ? null : el("p", { class: "numbers" }, numbers),
    again ? el("button", { type: "button", onclick: again }, words.send_again) : null);
}

// ---- the answer being written ---------------------------------------------

/** The form below a conversation; what is written is kept until it is sent. */
function composer(draft, send) {
  const text = el("textarea", { id: "message", rows: "1", dir: "auto", placeholder: words.message_placeholder, "aria-describedby": "message-help" });
  const counter = el("span", { class: "counter", "aria-live": "polite" });
  const button = el("button", { type: "submit", class: "primary" }, words.send);
  const root = el("form", { class: "composer", novalidate: true },
    el("label", { class: "unseen", for: "message" }, words.message),
    el("div", { class: "composer-line" }, text, button),
    el("p", { class: "composer-help", id: "message-help" }, el("span", { class: "hint" }, words.composer_hint), counter));
  let busy = false;

  text.value = remembered(draft);
  text.addEventListener("input", () => { remember(draft, text.value); fit(); });
  text.addEventListener("keydown", (event) => {
    // While an input method composes (Zhuyin, Pinyin), Enter chooses a word; 229 is how some say so.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    root.requestSubmit();
  });
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    const written = text.value;
    if (busy) return;
    if (written.trim() === "" || written.length > LONGEST) {
      text.focus();
      return;
    }
    busy = true;
    button.setAttribute("aria-disabled", "true");
    try {
      await send(written);
      clear(written);
    } catch {
      // The banner says what happened; the text stays.
    }
    busy = false;
    button.removeAttribute("aria-disabled");
  });

  /** Empties the form, unless something else has been written meanwhile. */
  function clear(written) {
    if (text.value !== written) return;
    text.value = "";
    remember(draft, "");
    fit();
  }

  function fit() {
    const length = text.value.length;
    counter.hidden = length < COUNTED_FROM;
    counter.classList.toggle("too-long", length > LONGEST);
    setText(counter, counter.hidden ? "" : length > LONGEST
      ? fill(words.too_long_by, { count: number(length - LONGEST) })
      : fill(words.count_of, { count: number(length), limit: number(LONGEST) }));
    text.rows = Math.min(8, text.value.split("\n").length);
  }

  fit();
  return { root, clear, focus: () => text.focus({ preventScroll: true }) };
}
