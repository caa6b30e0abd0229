"use strict";

// What both parts of the page use, and the dashboard.

const element = (id) => document.getElementById(id);

async function ask(path, body, method) {
  const isFile = body instanceof Blob;
  const options = (body || method) && {
    method: method || "POST",
    headers: { "Content-Type": isFile ? "application/octet-stream" : "application/json" },
    body: isFile ? body : body && JSON.stringify(body),
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

function set(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

function renderDashboard(state) {
  const failure = state.last_failure;
  if (!renderDashboard.begun) element("callback-url").value ||= state.callback || "";
  renderDashboard.begun = true;
  set("callback", state.callback || word("noneYet"));
  set("pending", `${state.pending} ${word("notifications")}`);
  set("failure", failure ? `${clock(failure.at, true)} ${failure.reason}` : word("none"));
  set("requests", String(state.requests));
  element("failure").className = failure && state.pending > 0 ? "bad" : "";
  const chosen = { sends: state.sends, profiles: state.profiles, fault: state.faults[0]?.fault || "" };
  for (const [id, value] of Object.entries(chosen)) {
    if (document.activeElement !== element(id)) element(id).value = value;
  }
}

async function subscribe(event) {
  event.preventDefault();
  const button = event.submitter;
  const status = element("verified");
  button.disabled = true;
  status.className = "";
  status.textContent = word("asking");
  try {
    await ask("/phone/subscription", {
      callback_url: element("callback-url").value,
      verify_token: element("verify-token").value,
    });
    status.className = "good";
    status.textContent = word("verified");
  } catch (error) {
    status.className = "bad";
    status.textContent = word("notSaved") + error.message;
  }
  button.disabled = false;
}

async function copy(button) {
  const input = button.previousElementSibling;
  input.select();
  await navigator.clipboard.writeText(input.value).catch(() => document.execCommand("copy"));
  button.textContent = word("copied");
  setTimeout(() => (button.textContent = word("copy")), 1500);
}

async function chooseFault(event) {
  await ask("/control/faults", undefined, "DELETE");
  if (event.target.value) await ask("/control/faults", { fault: event.target.value });
}

function showApp(app) {
  element("app-id").value = app.app_id;
  element("app-secret").value = app.app_secret;
  element("page-id").value = app.page_id;
  element("page-token").value = app.page_token;
  element("page-name").value = app.page_name;
  element("graph-url").value = app.graph_url;
}

element("subscription").addEventListener("submit", subscribe);
for (const button of document.querySelectorAll(".copy button")) {
  button.addEventListener("click", () => copy(button));
}
for (const id of ["sends", "profiles"]) {
  element(id).addEventListener("change", (event) =>
    ask("/phone/answers", { [id]: event.target.value }).catch(complain),
  );
}
element("fault").addEventListener("change", (event) => chooseFault(event).catch(complain));
