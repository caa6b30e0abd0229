"use strict";

const PERIOD = 500; // milliseconds between two looks at what is new
const element = (id) => document.getElementById(id);

let person = null; // the PSID whose phone this is
let shown = new Map(); // mid → the parts of its bubble that may still change
let look = 0; // the latest look; what earlier ones bring is out of date
let timer = 0;
let reading = 0; // up to where the read mark has been sent

async function ask(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The simulator does not answer.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Error(answer.error || `The simulator answered ${response.status}.`);
  }
  return answer;
}

function tag(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function complain(error) {
  element("trouble").textContent = error ? error.message : "";
  element("trouble").hidden = !error;
}

function clock(at, precise) {
  const seconds = precise ? "2-digit" : undefined;
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: seconds });
}

// The phone

function attached({ kind, url }) {
  if (kind === "image" && url.startsWith("/")) {
    const image = tag("img");
    image.src = url;
    image.alt = "Picture";
    // Known before it has loaded, so that the thread does not grow under the reader.
    image.width = image.height = 200;
    return image;
  }
  const link = tag("a", "", `${kind}: ${url}`);
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function bubble(message) {
  const item = tag("li", message.from_page ? "theirs" : "mine");
  const body = tag("div", "bubble");
  body.dir = "auto";
  if (message.text !== null) body.append(tag("p", "", message.text));
  for (const attachment of message.attachments) body.append(attached(attachment));
  for (const { title } of message.buttons) body.append(tag("span", "choice", title));
  const foot = tag("small", "foot");
  const time = tag("time", "", clock(message.at));
  time.dateTime = new Date(message.at).toISOString();
  foot.append(time);
  item.append(body, foot);
  if (message.from_page) return { item };
  const tick = tag("span");
  foot.append(tick);
  return { item, tick };
}

function mark({ tick }, message) {
  if (!tick) return;
  const state = message.seen ? "Seen" : message.acknowledged ? "Delivered" : "Sent";
  if (tick.title === state) return;
  tick.title = state;
  tick.className = `tick ${state.toLowerCase()}`;
  tick.textContent = state === "Sent" ? "✓ " : "✓✓ ";
  tick.append(tag("span", state === "Seen" ? "" : "hidden", state));
}

function renderThread(state) {
  const thread = element("thread");
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  for (const message of state.messages) {
    let known = shown.get(message.mid);
    if (!known) {
      known = bubble(message);
      shown.set(message.mid, known);
      thread.append(known.item);
    }
    mark(known, message);
  }
  element("typing").hidden = !state.typing;
  element("unheard").hidden = state.callback !== null;
  if (atEnd) thread.scrollTop = thread.scrollHeight;
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
  element("thread").scrollTop = element("thread").scrollHeight;
  refresh();
  return true;
}

function fit() {
  const text = element("text");
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 140)}px`;
}

async function send(event) {
  event.preventDefault();
  const text = element("text");
  const written = text.value;
  if (written.trim() === "") return;
  // Emptied at once, so that a second Enter does not send it again.
  text.value = "";
  if (!(await act("/phone/messages", { text: written })) && text.value === "") text.value = written;
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
    if (!has_profile) label.title = "Meta refuses to show this person’s profile";
    element("people").append(label);
  }
}

// The dashboard

function set(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

function renderDashboard(state) {
  const failure = state.last_failure;
  if (!renderDashboard.begun) element("callback-url").value ||= state.callback || "";
  renderDashboard.begun = true;
  set("callback", state.callback || "none yet");
  set("pending", state.pending === 1 ? "1 notification" : `${state.pending} notifications`);
  set("failure", failure ? `${clock(failure.at, true)} ${failure.reason}` : "none");
  element("failure").className = failure && state.pending > 0 ? "bad" : "";
  for (const id of ["sends", "profiles"]) {
    if (document.activeElement !== element(id)) element(id).value = state[id];
  }
}

async function subscribe(event) {
  event.preventDefault();
  const button = event.submitter;
  const status = element("verified");
  button.disabled = true;
  status.className = "";
  status.textContent = "Asking the callback …";
  try {
    await ask("/phone/subscription", {
      callback_url: element("callback-url").value,
      verify_token: element("verify-token").value,
    });
    status.className = "good";
    status.textContent = "Verified and saved.";
  } catch (error) {
    status.className = "bad";
    status.textContent = `Not saved: ${error.message}`;
  }
  button.disabled = false;
  refresh();
}

async function copy(button) {
  const input = button.previousElementSibling;
  input.select();
  await navigator.clipboard.writeText(input.value).catch(() => document.execCommand("copy"));
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

async function begin() {
  const app = await ask("/phone/app");
  element("app-id").value = app.app_id;
  element("app-secret").value = app.app_secret;
  element("page-token").value = app.page_token;
  element("page-name").value = app.page_name;
  element("graph-url").value = app.graph_url;
  element("page-title").textContent = app.page_name;
  const wanted = location.hash.slice(1);
  const known = app.people.find(({ psid }) => psid === wanted) || app.people[0];
  person = known.psid;
  renderPeople(app.people);
  choose(person);
}

element("composer").addEventListener("submit", send);
element("text").addEventListener("keydown", key);
element("text").addEventListener("input", fit);
element("picture").addEventListener("click", () => act("/phone/pictures"));
element("start").addEventListener("click", () => act("/phone/get-started"));
element("subscription").addEventListener("submit", subscribe);
document.addEventListener("visibilitychange", () => person && refresh());
for (const button of document.querySelectorAll(".copy button")) {
  button.addEventListener("click", () => copy(button));
}
for (const id of ["sends", "profiles"]) {
  element(id).addEventListener("change", (event) =>
    ask("/phone/answers", { [id]: event.target.value }).catch(complain),
  );
}
begin().catch(complain);
