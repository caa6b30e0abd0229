"use strict";

const PERIOD = 500; // milliseconds between two looks at what is new
const REACTIONS = ["❤️", "😆", "😮", "😢", "😠", "👍"];

let person = null; // the PSID whose phone this is
let shown = new Map(); // mid → the message as it is shown, and its element
let look = 0; // the latest look; what earlier ones bring is out of date
let timer = 0;
let reading = 0; // up to where the read mark has been sent
let mode = null; // { edit: mid } or { reply: mid } while the composer does that
let open = null; // mid of the message whose actions are shown
let isBlocked = false;

function button(className, text, act) {
  const node = tag("button", className, text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

// One message

function attached({ kind, url }) {
  const isOwn = url.startsWith("/");
  if ((kind === "image" || kind === "sticker") && isOwn) {
    const image = tag("img", kind);
    image.src = url;
    image.alt = word(kind === "image" ? "picture" : "sticker");
    // Known before it has loaded, so that the thread does not grow under the reader.
    image.width = image.height = kind === "image" ? 200 : 96;
    return image;
  }
  if ((kind === "audio" || kind === "video") && isOwn) {
    const player = tag(kind, kind);
    player.src = url;
    player.controls = true;
    player.preload = "none";
    return player;
  }
  const link = tag("a", "", `${kind}: ${url.split("?")[0].split("/").pop()}`);
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function tap({ title, opens }) {
  if (!opens) return button("choice", title, () => act("/phone/taps", { title }));
  const link = tag("a", "choice", `${title} ↗`);
  link.href = /^https?:/.test(opens) ? opens : "#";
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function actions(message) {
  const row = tag("div", "row actions");
  for (const emoji of REACTIONS) {
    const isSet = message.person_reaction === emoji;
    const react = () => act("/phone/reactions", { mid: message.mid, emoji: isSet ? null : emoji });
    row.append(button(isSet ? "quiet set" : "quiet", emoji, react));
  }
  row.append(button("quiet", word("reply"), () => enter({ reply: message.mid }, message.text)));
  if (!message.from_page && message.text !== null) {
    row.append(button("quiet", word("edit"), () => enter({ edit: message.mid }, message.text)));
  }
  if (!message.from_page) {
    row.append(button("quiet", word("unsend"), () => act("/phone/unsends", { mid: message.mid })));
  }
  return row;
}

function foot(message) {
  const line = tag("small", "foot");
  const time = tag("time", "", clock(message.at));
  time.dateTime = new Date(message.at).toISOString();
  line.append(time);
  if (message.edits > 0) line.append(` · ${word("edited")}`);
  if (!message.from_page) {
    const state = message.seen ? "seen" : message.acknowledged ? "delivered" : "sent";
    const tick = tag("span", `tick ${state}`, state === "sent" ? "✓ " : "✓✓ ");
    tick.title = word(state);
    tick.append(tag("span", state === "seen" ? "" : "hidden", word(state)));
    line.append(tick);
  }
  return line;
}

function bubble(message) {
  const item = tag("li", message.from_page ? "theirs" : "mine");
  if (message.unsent) {
    item.append(tag("p", "unsent", word("unsent")));
    return item;
  }
  if (message.persona) item.append(tag("small", "", message.persona));
  const body = tag("div", "bubble");
  body.dir = "auto";
  if (message.quoted !== null) body.append(tag("blockquote", "", message.quoted));
  if (message.text) body.append(tag("p", "", message.text));
  for (const attachment of message.attachments) body.append(attached(attachment));
  for (const { title, subtitle } of message.cards || []) {
    const card = tag("div", "card");
    card.append(tag("strong", "", title || ""), tag("small", "", subtitle || ""));
    body.append(card);
  }
  body.addEventListener("click", (event) => {
    if (event.target.closest("a, audio, video")) return;
    open = open === message.mid ? null : message.mid;
    refresh();
  });
  item.append(body);
  for (const choice of message.buttons) item.append(tap(choice));
  const reactions = [message.reaction, message.person_reaction].filter(Boolean).join(" ");
  if (reactions) item.append(tag("span", "reactions", reactions));
  if (open === message.mid) item.append(actions(message));
  item.append(foot(message));
  return item;
}

// The phone

function renderThread(state) {
  const thread = element("thread");
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  if (state.greeting && !thread.firstChild) thread.append(tag("li", "greeting", state.greeting));
  for (const message of state.messages) {
    const known = shown.get(message.mid);
    const text = JSON.stringify([message, open === message.mid, language]);
    if (known?.text === text) continue;
    const item = bubble(message);
    if (known) known.item.replaceWith(item);
    else thread.append(item);
    shown.set(message.mid, { text, item });
  }
  renderChoices("quick", state.quick_replies);
  renderChoices("menu", state.menu);
  isBlocked = state.blocked;
  set("block", word(isBlocked ? "unblock" : "block"));
  set("page-title", state.page_name);
  element("blocked").hidden = !isBlocked;
  element("typing").hidden = !state.typing;
  element("unheard").hidden = state.callback !== null;
  if (atEnd) thread.scrollTop = thread.scrollHeight;
}

function renderChoices(id, choices) {
  const text = JSON.stringify(choices);
  if (element(id).dataset.shown === text) return;
  element(id).dataset.shown = text;
  element(id).replaceChildren(...choices.map(tap));
}

// Only a thread that somebody can really see has been read.
async function readMark(state) {
  if (document.visibilityState !== "visible") return;
  const latest = state.messages.findLast((message) => message.from_page);
  if (!latest || latest.at <= Math.max(state.read, reading)) return;
  reading = latest.at;
  await ask("/phone/read", { psid: person, until: latest.at });
}

async function refresh() {
  clearTimeout(timer);
  const mine = ++look;
  try {
    const state = await ask(`/phone/state?psid=${encodeURIComponent(person)}`);
    if (mine !== look) return;
    renderThread(state);
    renderDashboard(state);
    if (refresh.failed) complain(null);
    refresh.failed = false;
    await readMark(state);
  } catch (error) {
    if (mine !== look) return;
    refresh.failed = true;
    complain(error);
  }
  if (mine === look) timer = setTimeout(refresh, PERIOD);
}

async function act(path, body) {
  try {
    await ask(path, { psid: person, ...body });
    complain(null);
  } catch (error) {
    complain(error);
    return false;
  }
  open = null;
  element("thread").scrollTop = element("thread").scrollHeight;
  refresh();
  return true;
}

// A file of this computer, sent as it is.
async function upload(file) {
  const query = new URLSearchParams({ psid: person, name: file.name, type: file.type });
  if (mode?.reply) query.set("reply_to", mode.reply);
  try {
    await ask(`/phone/uploads?${query}`, file);
    complain(null);
    enter(null);
  } catch (error) {
    complain(error);
  }
  element("thread").scrollTop = element("thread").scrollHeight;
  refresh();
}

function enter(next, text) {
  mode = next;
  element("mode").hidden = !mode;
  if (!mode) return;
  const line = mode.edit ? word("editing") : `${word("replying")}: ${text || "📎"}`;
  element("mode").firstElementChild.textContent = line;
  if (mode.edit) element("text").value = text;
  element("text").focus();
}

function fit() {
  const text = element("text");
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 140)}px`;
}

function sending(text) {
  if (mode?.edit) return act("/phone/edits", { mid: mode.edit, text });
  return act("/phone/messages", { text, reply_to: mode?.reply });
}

async function send(event) {
  event.preventDefault();
  const text = element("text");
  const written = text.value;
  if (written.trim() === "") return;
  // Emptied at once, so that a second Enter does not send it again.
  text.value = "";
  if (await sending(written)) enter(null);
  else if (text.value === "") text.value = written;
  fit();
  text.focus();
}

function key(event) {
  // While an input method composes, Enter chooses a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  element("composer").requestSubmit();
}

function choose(psid) {
  person = psid;
  history.replaceState(null, "", `#${psid}`);
  shown = new Map();
  reading = 0;
  open = null;
  enter(null);
  element("thread").replaceChildren();
  complain(null);
  refresh();
}

function renderPeople(people) {
  for (const { psid, name, has_profile } of people) {
    const label = tag("label");
    const radio = tag("input", "hidden");
    radio.type = "radio";
    radio.name = "person";
    radio.value = psid;
    radio.checked = psid === person;
    radio.addEventListener("change", () => choose(psid));
    const image = tag("img");
    image.src = `/phone/people/${psid}.png`;
    image.alt = "";
    label.append(radio, image, tag("span", "", name));
    if (!has_profile) label.title = word("noProfile");
    element("people").append(label);
  }
}

function toggleTray() {
  const tray = element("tray");
  tray.hidden = !tray.hidden;
  element("more").setAttribute("aria-expanded", String(!tray.hidden));
}

function changeLanguage() {
  language = language === "en" ? "zh-Hant" : "en";
  localStorage.setItem("language", language);
  translate();
  refresh();
}

async function begin() {
  translate();
  const app = await ask("/phone/app");
  showApp(app);
  const wanted = location.hash.slice(1);
  const known = app.people.find(({ psid }) => psid === wanted) || app.people[0];
  if (!known) return;
  person = known.psid;
  renderPeople(app.people);
  choose(person);
}

function asked(label, initial, then) {
  const answer = prompt(word(label), initial);
  if (answer) then(answer);
}

element("composer").addEventListener("submit", send);
element("text").addEventListener("keydown", key);
element("text").addEventListener("input", fit);
element("more").addEventListener("click", toggleTray);
element("like").addEventListener("click", () => act("/phone/attachments", { kind: "like" }));
element("upload").addEventListener("click", () => element("chosen").click());
element("chosen").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) await upload(file);
  // The same file can be chosen again.
  event.target.value = "";
});
element("start").addEventListener("click", () => act("/phone/get-started"));
element("leave").addEventListener("click", () => enter(null));
element("block").addEventListener("click", () => act("/phone/blocks", { blocked: !isBlocked }));
element("link").addEventListener("click", () =>
  asked("askRef", "flyer", (ref) => act("/phone/links", { ref })),
);
element("ad").addEventListener("click", () =>
  asked("askAd", "6302572858686", (ad_id) => act("/phone/ads", { ad_id })),
);
element("language").addEventListener("click", changeLanguage);
for (const choice of document.querySelectorAll("#tray [data-kind]")) {
  choice.addEventListener("click", () =>
    act("/phone/attachments", { kind: choice.dataset.kind, reply_to: mode?.reply }).then(() => enter(null)),
  );
}
document.addEventListener("visibilitychange", () => person && refresh());
begin().catch(complain);
