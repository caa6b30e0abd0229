// Walks the CRM and the simulated Messenger as their users do: through the two pages alone.
//
//   node first-light.mjs             the binaries of target/debug/examples
//   PROFILE=release node first-light.mjs
//   CRM=… SIMULATOR=… node first-light.mjs
//
// A screenshot per step is kept in SCREENSHOTS (default: target/browser).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const examples = join(root, "target", process.env.PROFILE ?? "debug", "examples");
const binaries = { crm: process.env.CRM ?? join(examples, "crm"), simulator: process.env.SIMULATOR ?? join(examples, "simulator") };
const screenshots = process.env.SCREENSHOTS ?? join(root, "target", "browser");
const HTML = `<img src=x onerror=alert(1)> "'></script>`;
const PATIENCE = 10_000;

// ---- steps ----------------------------------------------------------------

const counts = { passed: 0, failed: 0 };
let problems = [];

/** One walk: its steps in order; after a failed step the rest of the walk would tell nothing new. */
async function walk(name, work) {
  const stage = { pages: [], children: [], number: 0, name };
  console.log(`# ${name}`);
  try {
    await work(stage);
  } catch (error) {
    if (!error.reported) {
      counts.failed += 1;
      console.log(`not ok - ${name}: ${error.stack}`);
    }
  } finally {
    await Promise.all(stage.pages.map((page) => page.context().close()));
    await Promise.all(stage.children.map(stop));
  }
}

/** `allowed` names the console errors that the step provokes (a browser reports each refused call). */
async function step(stage, title, work, allowed = null) {
  problems = [];
  stage.number += 1;
  const begun = Date.now();
  let failure = null;
  try {
    await work();
    const unexpected = problems.filter((problem) => allowed === null || !allowed.test(problem));
    assert.deepEqual(unexpected, [], "errors on the pages");
  } catch (error) {
    failure = error;
  }
  await shoot(stage, title);
  if (failure === null) {
    counts.passed += 1;
    console.log(`ok - ${title} (${Date.now() - begun} ms)`);
    return;
  }
  counts.failed += 1;
  console.log(`not ok - ${title}\n    ${[failure.message, ...problems].join("\n").replaceAll("\n", "\n    ")}`);
  failure.reported = true;
  throw failure;
}

async function shoot(stage, title) {
  const name = `${stage.name}-${String(stage.number).padStart(2, "0")}-${title}`.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 80);
  for (const [index, page] of stage.pages.entries()) {
    await page.screenshot({ path: join(screenshots, `${name}-${index === 0 ? "crm" : "phone"}.png`) });
  }
}

// ---- browser --------------------------------------------------------------

async function open(stage, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`script error on ${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console error on ${page.url()}: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    problems.push(`${dialog.type()} dialog on ${page.url()}: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`content policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  stage.pages.push(page);
  await page.goto(url);
  return page;
}

/** Waits until a check no longer throws. */
async function until(what, check) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: ${error.message}`);
    }
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

const shows = (locator) => locator.first().waitFor();
const field = (page, label) => page.getByLabel(label, { exact: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const rows = (crm) => crm.getByRole("region", { name: "Inbox" }).getByRole("listitem");
const bubbles = (crm) => crm.getByRole("log", { name: "Conversation" }).getByRole("listitem");

async function textIs(locator, expected) {
  await until(`text ${expected}`, async () => assert.equal(await locator.textContent({ timeout: 500 }), expected));
}

/** As a person on the phone. */
async function write(phone, text) {
  await field(phone, "Message").fill(text);
  await button(phone, "Send").click();
}

/** As somebody in the office. */
async function answer(crm, text) {
  await field(crm, "Message").fill(text);
  await button(crm, "Send").click();
  await shows(bubbles(crm).filter({ hasText: text }));
}

/** The reload marker is gone once the page has been loaded anew. */
const markAgainstReload = (page) => page.evaluate(() => { window.sameDocument = true; });
const assertNotReloaded = async (page) => assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was loaded anew");

async function fitsAt(page, width) {
  const before = page.viewportSize();
  await page.setViewportSize({ width, height: 640 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, `${page.url()} is wider than ${width} px`);
  return () => page.setViewportSize(before);
}

// ---- processes ------------------------------------------------------------

/** Starts a program and reads the addresses it prints, such as "CRM    http://127.0.0.1:8080". */
async function start(stage, program, args, names) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  stage.children.push(child);
  let output = "";
  const addresses = {};
  // Whole lines only: the rest of a line may come with the next bytes.
  const lines = (take) => {
    let rest = "";
    return (text) => {
      output += text;
      const whole = (rest + text).split("\n");
      rest = whole.pop();
      whole.forEach(take);
    };
  };
  await new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`${program} printed no ${names.join(" and ")} address:\n${output}`)), PATIENCE);
    const read = (line) => {
      const [, name, address] = line.match(/^(\w+)\s+(http:\/\/\S+)$/) ?? [];
      if (name) addresses[name] = address;
      if (names.every((name) => name in addresses)) {
        clearTimeout(tooLong);
        resolve();
      }
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", lines(read));
    }
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  return { child, addresses };
}

function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return null;
  const ended = new Promise((resolve) => { child.on("exit", resolve); });
  child.kill("SIGTERM");
  const impatient = setTimeout(() => child.kill("SIGKILL"), 5000);
  return ended.then(() => clearTimeout(impatient));
}

/**
 * An address that stays while the program behind it starts again on another port, as behind a reverse
 * proxy. Without a program behind it, connections are closed at once.
 */
async function entrance() {
  const front = { port: null };
  const server = createServer((outer) => {
    outer.on("error", () => outer.destroy());
    if (front.port === null) return outer.destroy();
    const inner = connect(front.port, "127.0.0.1");
    inner.on("error", () => outer.destroy());
    inner.on("close", () => outer.destroy());
    outer.on("close", () => inner.destroy());
    return outer.pipe(inner).pipe(outer);
  });
  await new Promise((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  front.url = `http://127.0.0.1:${server.address().port}`;
  return front;
}

// ---- the demo -------------------------------------------------------------

async function demo(stage) {
  let crm;
  let phone;

  await step(stage, "the demo starts without arguments", async () => {
    const { addresses } = await start(stage, binaries.crm, [], ["CRM", "Phone"]);
    crm = await open(stage, addresses.CRM);
    phone = await open(stage, addresses.Phone);
    await shows(crm.getByText("Demo", { exact: true }));
    await shows(crm.getByText("Live", { exact: true }));
  });

  await step(stage, "a message from the phone appears without a reload", async () => {
    await markAgainstReload(crm);
    await write(phone, "Hello~");
    await shows(rows(crm).filter({ hasText: "Hello~" }));
    await assertNotReloaded(crm);
  });

  await step(stage, "an answer reaches the phone and is read", async () => {
    await rows(crm).filter({ hasText: "Hello~" }).getByRole("link").click();
    await shows(bubbles(crm).filter({ hasText: "Hello~" }));
    await answer(crm, "您好!");
    await shows(phone.getByText("您好!"));
    await shows(bubbles(crm).filter({ hasText: "您好!" }).getByText("Read", { exact: true }));
  });

  await step(stage, "settings can be looked at only", async () => {
    await crm.getByRole("link", { name: "Settings" }).click();
    await shows(crm.getByText("This is the demo"));
    await shows(crm.getByText("Demo", { exact: true }));
    assert.equal(await field(crm, "App ID").isDisabled(), true);
    assert.equal(await field(crm, "App Secret").isDisabled(), true);
    assert.equal(await field(crm, "Page access token").isDisabled(), true);
    assert.equal(await button(crm, "Connect").isDisabled(), true);
  });
}

// ---- the real thing -------------------------------------------------------

async function real(stage) {
  const folder = mkdtempSync(join(tmpdir(), "first-light-"));
  try {
    await realWalk(stage, folder);
  } finally {
    await Promise.all(stage.children.map(stop));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function realWalk(stage, folder) {
  let crm;
  let phone;
  let server;
  let startServer;
  let name;

  await step(stage, "the CRM starts beside a simulated Meta", async () => {
    const simulator = await start(stage, binaries.simulator, ["--listen", "127.0.0.1:0", "--repeat-speed", "60"], ["Phone"]);
    const graph = new URL(simulator.addresses.Phone).origin;
    const front = await entrance();
    startServer = async () => {
      server = await start(stage, binaries.crm, [
        "--database", join(folder, "crm.db"), "--listen", "127.0.0.1:0", "--public-url", front.url, "--graph-url", graph,
      ], ["CRM"]);
      front.port = Number(new URL(server.addresses.CRM).port);
      server.child.on("exit", () => { front.port = null; });
    };
    await startServer();
    crm = await open(stage, front.url);
    phone = await open(stage, simulator.addresses.Phone);
    await shows(crm.getByText("No Page connected yet"));
    assert.equal(await crm.getByText("Demo", { exact: true }).count(), 0);
  });

  await step(stage, "settings begin with no webhook", async () => {
    await crm.getByRole("link", { name: "Go to Settings" }).click();
    await textIs(field(crm, "Webhook URL"), "none");
    await textIs(field(crm, "Verify Token"), "none");
  });

  await step(stage, "a blank form is refused at the field", async () => {
    await button(crm, "Connect").click();
    await shows(crm.getByText("Please fill this in."));
    assert.equal(await field(crm, "App ID").evaluate((input) => input === document.activeElement), true, "the field has the focus");
  }, /status of 422/);

  await step(stage, "a wrong token is refused", async () => {
    await field(crm, "App ID").fill(await credential(phone, "App ID"));
    await field(crm, "App Secret").fill(await credential(phone, "App Secret"));
    await field(crm, "Page access token").fill("EAAwrong");
    await button(crm, "Connect").click();
    await shows(crm.getByText("Meta refuses this token."));
    await textIs(field(crm, "Webhook URL"), "none");
  }, /status of 422/);

  await step(stage, "the page connects with what the dashboard shows", async () => {
    await field(crm, "Page access token").fill(await credential(phone, "Page access token"));
    await button(crm, "Connect").click();
    await shows(crm.getByText(/^Connected: /));
    await until("a webhook URL", async () => assert.match(await field(crm, "Webhook URL").textContent(), /^http:\/\/127\.0\.0\.1:\d+\//));
    assert.equal(await field(crm, "App Secret").inputValue(), "", "the secret does not stay in the form");
    assert.equal(await field(crm, "Page access token").inputValue(), "", "the token does not stay in the form");
  });

  await step(stage, "the dashboard verifies the webhook", async () => {
    await verifyWebhook(crm, phone);
  });

  await step(stage, "a new customer appears without a reload", async () => {
    await crm.getByRole("link", { name: "Inbox", exact: true }).click();
    await shows(crm.getByText("No customers yet"));
    await shows(crm.getByText("Live", { exact: true }));
    await markAgainstReload(crm);
    await write(phone, "Hello~");
    const row = rows(crm).filter({ hasText: "Hello~" });
    await shows(row);
    await assertNotReloaded(crm);
    await until("the customer's name", async () => {
      name = await row.getAttribute("aria-label");
      assert.doesNotMatch(name, /^Customer …/);
    });
    await shows(crm.getByRole("listitem", { name, exact: true }));
    await until("the customer's picture", async () => {
      assert.ok(await row.locator("img").evaluate((image) => image.complete && image.naturalWidth > 0, null, { timeout: 500 }));
    });
    assert.match(await row.locator("time").textContent(), /now|ago/);
    assert.ok(await row.locator("time").getAttribute("title"), "the exact time");
    await shows(crm.getByText("1 – 1 of 1", { exact: true }));
    assert.match(await crm.title(), /^\(1\) /);
  });

  await step(stage, "search finds by name and says when it finds nothing", async () => {
    await field(crm, "Search").fill("no such customer");
    await shows(crm.getByText("Nothing found"));
    await field(crm, "Search").fill(name.slice(0, 2));
    await shows(crm.getByRole("listitem", { name, exact: true }));
    await field(crm, "Search").fill("");
  });

  await step(stage, "opening the conversation marks it seen", async () => {
    await rows(crm).getByRole("link").click();
    await shows(bubbles(crm).filter({ hasText: "Hello~" }));
    await shows(crm.getByText(/left to reply$/));
    await until("no unread counter", async () => assert.doesNotMatch(await crm.title(), /^\(/));
  });

  await step(stage, "an answer is sent, delivered and read", async () => {
    const states = await collectStates(crm, "您好!");
    await answer(crm, "您好!");
    await shows(phone.getByText("您好!"));
    await shows(bubbles(crm).filter({ hasText: "您好!" }).getByText("Read", { exact: true }));
    assert.equal(await field(crm, "Message").inputValue(), "", "the draft is gone");
    const seen = await states();
    // On a busy machine one update of the page brings both.
    assert.equal(seen.at(-1), "read", `it ends with read: ${seen}`);
    assert.ok(seen.lastIndexOf("delivered") < seen.indexOf("read"), `delivered goes before read: ${seen}`);
    assert.ok(!seen.includes("failed") && !seen.includes("unknown"), `no doubt on the way: ${seen}`);
  });

  await step(stage, "pressing send twice sends once", async () => {
    await field(crm, "Message").fill("only once");
    await button(crm, "Send").dblclick();
    await shows(bubbles(crm).filter({ hasText: "only once" }).getByText("Read", { exact: true }));
    assert.equal(await bubbles(crm).filter({ hasText: "only once" }).count(), 1);
  });

  await step(stage, "enter chooses a word while an input method composes, and sends afterwards", async () => {
    const message = field(crm, "Message");
    await message.focus();
    const keyboard = await crm.context().newCDPSession(crm);
    await keyboard.send("Input.imeSetComposition", { text: "ㄋㄧˇ", selectionStart: 3, selectionEnd: 3 });
    await keyboard.send("Input.dispatchKeyEvent", { type: "rawKeyDown", windowsVirtualKeyCode: 229, code: "Enter", key: "Process" });
    await message.dispatchEvent("keydown", { key: "Enter", code: "Enter", isComposing: true, bubbles: true, cancelable: true });
    await message.dispatchEvent("keydown", { key: "Enter", code: "Enter", keyCode: 229, bubbles: true, cancelable: true });
    await keyboard.send("Input.insertText", { text: "你好嗎" });
    assert.match(await message.inputValue(), /你好嗎/);
    await message.fill("你好嗎");
    await message.press("Shift+Enter");
    assert.match(await message.inputValue(), /\n/);
    await message.fill("你好嗎");
    await message.press("Enter");
    await shows(bubbles(crm).filter({ hasText: "你好嗎" }));
    assert.equal(await bubbles(crm).filter({ hasText: "ㄋㄧˇ" }).count(), 0, "half a word was sent");
  });

  await step(stage, "markup is shown as text", async () => {
    await write(phone, HTML);
    await shows(bubbles(crm).filter({ hasText: HTML }));
    await shows(rows(crm).filter({ hasText: "<img src=x" }));
    await answer(crm, HTML);
    await shows(phone.getByText(HTML).nth(1));
    assert.equal(await crm.locator("img[src='x']").count(), 0);
    assert.equal(await phone.locator("img[src='x']").count(), 0);
  });

  await step(stage, "only web addresses become links", async () => {
    await write(phone, "javascript:alert(1) https://example.com/a?b=c，好");
    const link = bubbles(crm).filter({ hasText: "javascript:" }).getByRole("link");
    await shows(link);
    assert.equal(await link.count(), 1);
    assert.equal(await link.getAttribute("href"), "https://example.com/a?b=c");
    assert.equal(await link.getAttribute("rel"), "noopener noreferrer nofollow");
  });

  await step(stage, "a live message disturbs neither draft nor focus", async () => {
    const message = field(crm, "Message");
    await message.fill("half an ans");
    await message.focus();
    await write(phone, "are you there?");
    await shows(bubbles(crm).filter({ hasText: "are you there?" }));
    assert.equal(await message.inputValue(), "half an ans");
    assert.equal(await message.evaluate((textarea) => textarea === document.activeElement), true, "the focus was taken");
    await crm.reload();
    await until("the draft", async () => assert.equal(await field(crm, "Message").inputValue(), "half an ans"));
    await field(crm, "Message").fill("");
  });

  await step(stage, "a refusal is shown at the bubble with its reason", async () => {
    await chooseAnswer(phone, /window/i);
    await answer(crm, "too late?");
    const refused = bubbles(crm).filter({ hasText: "too late?" });
    await shows(refused.getByText("Failed", { exact: true }));
    await shows(refused.getByText("The 24-hour window is closed."));
    await chooseAnswer(phone, /./);
  });

  await step(stage, "a refused answer can be sent again", async () => {
    const tries = bubbles(crm).filter({ hasText: "too late?" });
    await button(tries, "Send again").dblclick();
    await shows(tries.getByText("Read", { exact: true }));
    assert.equal(await tries.count(), 2, "the refused one and the one sent again");
    assert.equal(await button(tries, "Send again").count(), 0);
  });

  await step(stage, "an expired token is told apart, and what waits is sent afterwards", async () => {
    const waiting = bubbles(crm).filter({ hasText: "with an old token" });
    await chooseAnswer(phone, /token/i);
    await answer(crm, "with an old token");
    await shows(waiting.getByText("Enter a new one in Settings."));
    await crm.getByRole("link", { name: "Settings" }).click();
    await shows(crm.getByText("Meta refuses the Page access token."));
    await chooseAnswer(phone, /./);
    await button(crm, "Check now").click();
    await shows(crm.getByRole("status").filter({ hasText: "No problems are known." }));
    await crm.goBack();
    await shows(waiting.getByText("Read", { exact: true }));
  });

  await step(stage, "an answer whose confirmation got lost is settled by its echo", async () => {
    await chooseAnswer(phone, /no answer/i);
    await answer(crm, "did you get this?");
    await shows(phone.getByText("did you get this?"));
    await shows(bubbles(crm).filter({ hasText: "did you get this?" }).getByText("Read", { exact: true }));
    assert.equal(await bubbles(crm).filter({ hasText: "did you get this?" }).count(), 1);
    await chooseAnswer(phone, /./);
  });

  await step(stage, "a picture is told in words", async () => {
    await button(phone, "More").click();
    await button(phone, "Picture").click();
    await shows(bubbles(crm).getByText("Image", { exact: true }));
    await shows(rows(crm).getByText("Image", { exact: true }));
  });

  await step(stage, "a file of this computer is sent from the phone", async () => {
    const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
    const shown = phone.locator("#thread img.image");
    const before = await shown.count();
    await phone.locator("#chosen").setInputFiles({ name: "dot.png", mimeType: "image/png", buffer: Buffer.from(dot, "base64") });
    await until("the picture is on the phone", async () => assert.equal(await shown.count(), before + 1));
    // It is shown through the link that redirects.
    await until("the picture has loaded", async () => assert.equal(await shown.last().evaluate((image) => image.naturalWidth), 1));
    await phone.locator("#chosen").setInputFiles({ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("note") });
    await shows(phone.getByRole("link", { name: "file: note.txt" }));
  });

  await step(stage, "r14 cards, buttons, a place and a thumb are shown", async () => {
    const like = { type: "sticker", payload: { sticker_id: "369239263222822", url: "https://cdn.example/like.png" } };
    const place = { type: "location", payload: { coordinates: { lat: 25.03, long: 121.56 } } };
    const open = { type: "web_url", title: "Look at it", url: "https://tea.example/oolong" };
    const cards = { type: "template", payload: { template_type: "generic", elements: [{ title: "Oolong", subtitle: "From spring", buttons: [open] }] } };
    await deliver(crm, phone, { message: { mid: "m_like", attachments: [like] } });
    await deliver(crm, phone, { message: { mid: "m_place", attachments: [place] } });
    await deliver(crm, phone, { message: { mid: "m_cards", attachments: [cards], is_echo: true } });
    await shows(bubbles(crm).filter({ hasText: "Oolong" }).getByText("From spring", { exact: true }));
    await shows(bubbles(crm).filter({ hasText: "Oolong" }).getByRole("link", { name: "Look at it" }));
    const thumb = bubbles(crm).filter({ hasText: "👍" });
    await shows(thumb);
    assert.equal(await thumb.getByText("Sticker").count(), 0, "the thumb says it");
    const map = bubbles(crm).getByRole("link", { name: /^Location/ });
    assert.match(await map.getAttribute("href"), /mlat=25\.03&mlon=121\.56$/);
  });

  await step(stage, "b16 a reaction is in the list until something newer is said", async () => {
    await deliver(crm, phone, { reaction: { mid: "m_cards", action: "react", reaction: "like", emoji: "👍" } });
    await shows(rows(crm).getByText("reacted 👍", { exact: true }));
    await shows(bubbles(crm).filter({ hasText: "Oolong" }).getByText("👍"));
    await write(phone, "Two boxes, please");
    await shows(rows(crm).getByText("Two boxes, please", { exact: true }));
  });

  await step(stage, "r11 a search finds what was said long ago, and shows it", async () => {
    await field(crm, "Search").fill("ONLY once");
    await shows(rows(crm).getByText("You: only once", { exact: true }));
    await shows(crm.getByText("1 – 1 of 1", { exact: true }));
    await field(crm, "Search").fill("");
    await shows(rows(crm).getByText("Two boxes, please", { exact: true }));
  });

  await step(stage, "a restart of the server is survived", async () => {
    await field(crm, "Message").fill("kept");
    await stop(server.child);
    await shows(crm.getByText(/^(Reconnecting…|Offline)$/));
    await button(crm, "Send").click();
    await shows(crm.getByRole("alert").filter({ hasText: "did not answer" }));
    assert.equal(await field(crm, "Message").inputValue(), "kept");
    await startServer();
    await until("live again", async () => assert.equal(await crm.locator(".connection").getAttribute("data-state"), "live"));
    await button(crm, "Send").click();
    await shows(bubbles(crm).filter({ hasText: "kept" }).getByText("Read", { exact: true }));
    assert.equal(await bubbles(crm).filter({ hasText: "kept" }).count(), 1);
  }, /Failed to load resource: net::ERR_|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION/);

  await step(stage, "the customer's page shows picture and names", async () => {
    await crm.getByRole("region", { name: "Conversation" }).getByRole("link", { name, exact: true }).click();
    await shows(crm.getByRole("heading", { level: 1, name, exact: true }));
    await until("the picture", async () => {
      assert.ok(await crm.getByRole("img", { name: `Picture of ${name}` }).evaluate((image) => image.naturalWidth > 0, null, { timeout: 500 }));
    });
    for (const fact of ["First name", "Last name", "PSID", "Page", "First seen", "Last seen"]) await shows(crm.getByRole("term").filter({ hasText: fact }));
    assert.equal(await crm.getByText("Unknown", { exact: true }).count(), 0);
    await crm.getByRole("link", { name: "Open conversation" }).click();
    await shows(bubbles(crm).filter({ hasText: "Hello~" }));
  });

  await step(stage, "the inbox can be used by keyboard alone", async () => {
    await crm.getByRole("link", { name: "Inbox", exact: true }).click();
    await crm.keyboard.press("/");
    assert.equal(await field(crm, "Search").evaluate((input) => input === document.activeElement), true);
    await crm.getByRole("heading", { name: "Inbox" }).evaluate(() => document.activeElement.blur());
    await crm.keyboard.press("j");
    await crm.keyboard.press("Enter");
    await shows(bubbles(crm).filter({ hasText: "Hello~" }));
    await crm.keyboard.type("by keyboard");
    await crm.keyboard.press("Enter");
    await shows(bubbles(crm).filter({ hasText: "by keyboard" }));
  });

  await step(stage, "320 pixels are enough", async () => {
    const wide = await fitsAt(crm, 320);
    await shows(bubbles(crm).filter({ hasText: "Hello~" }));
    await crm.getByRole("link", { name: "Back to the inbox" }).click();
    await shows(crm.getByRole("listitem", { name, exact: true }));
    await fitsAt(crm, 320);
    await crm.getByRole("link", { name: "Settings" }).click();
    await shows(field(crm, "Webhook URL"));
    await fitsAt(crm, 320);
    await wide();
  });

  await step(stage, "reset asks first", async () => {
    const before = await webhook(crm);
    await button(crm, "Reset").click();
    const dialog = crm.getByRole("dialog");
    await shows(dialog.getByText("404"));
    await button(dialog, "Cancel").click();
    assert.deepEqual(await webhook(crm), before);
    await button(crm, "Reset").click();
    await button(dialog, "Reset").click();
    await until("a new webhook", async () => {
      const after = await webhook(crm);
      assert.notEqual(after.url, before.url);
      assert.notEqual(after.token, before.token);
    });
    const old = await crm.context().request.get(`${before.url}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=${before.token}`);
    assert.equal(old.status(), 404, "the old address still answers");
  });

  await step(stage, "after the new webhook is entered messages arrive again", async () => {
    await verifyWebhook(crm, phone);
    await crm.getByRole("link", { name: "Inbox", exact: true }).click();
    await write(phone, "again");
    await shows(rows(crm).filter({ hasText: "again" }));
  });

  await step(stage, "the settings tell whether the page works", async () => {
    await crm.getByRole("link", { name: "Settings" }).click();
    await button(crm, "Check now").click();
    await shows(crm.getByRole("status").filter({ hasText: "No problems are known." }));
    await crm.getByRole("link", { name: "Inbox", exact: true }).click();
  });

  await step(stage, "a customer without a profile is explained", async () => {
    await phone.locator("label[title]").first().click();
    await write(phone, "who am I?");
    const row = rows(crm).filter({ hasText: "who am I?" });
    await shows(row);
    await shows(crm.getByText("1 – 2 of 2", { exact: true }));
    assert.match(await row.getAttribute("aria-label"), /^Customer ….{4}$/);
    await row.getByRole("link").click();
    await crm.getByRole("region", { name: "Conversation" }).getByRole("link", { name: /^Customer …/ }).click();
    await shows(crm.getByText("Meta gives no profile of this person."));
    await crm.getByRole("link", { name: "Inbox", exact: true }).click();
  });

  await step(stage, "the pages speak Traditional Chinese", async () => {
    await button(crm, "繁體中文").click();
    await shows(crm.getByRole("link", { name: "收件匣", exact: true }));
    assert.equal(await crm.locator("html").getAttribute("lang"), "zh-TW");
    await shows(crm.getByText("第 1 – 2 筆，共 2 筆"));
    await crm.getByRole("listitem", { name, exact: true }).getByRole("link").click();
    await shows(field(crm, "訊息"));
    await shows(crm.getByText("已讀", { exact: true }));
    await shows(crm.getByText("傳送失敗", { exact: true }));
    await shoot(stage, "zh conversation");
    await crm.getByRole("link", { name: "設定", exact: true }).click();
    await shows(field(crm, "應用程式編號"));
    await shows(button(crm, "重設"));
    assert.doesNotMatch(await crm.locator("body").evaluate((body) => body.innerText), /undefined|\{\w+\}/);
  });

  await step(stage, "a dark screen and a browser in Chinese get what they ask for", async () => {
    const dark = await open(stage, crm.url(), { colorScheme: "dark", locale: "zh-TW" });
    await shows(dark.getByRole("heading", { name: "設定" }));
    const ground = await dark.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.ok(ground.match(/\d+/g).every((part) => Number(part) < 64), `a dark ground: ${ground}`);
  });

  await step(stage, "a customer is erased after a question", async () => {
    await crm.getByRole("link", { name: "收件匣", exact: true }).click();
    await crm.getByRole("listitem", { name, exact: true }).getByRole("link").click();
    await crm.getByRole("region", { name: "對話", exact: true }).getByRole("link", { name, exact: true }).click();
    await button(crm, "刪除資料").click();
    await button(crm.getByRole("dialog"), "刪除資料").click();
    await shows(crm.getByText("找不到這位顧客"));
  }, /status of 404/);

  await step(stage, "a page is disconnected after a question", async () => {
    await crm.getByRole("link", { name: "設定", exact: true }).click();
    await button(crm, "中斷連接").click();
    await shoot(stage, "disconnect");
    await button(crm.getByRole("dialog"), "中斷連接").click();
    await textIs(field(crm, "Webhook URL"), "無");
  });
}

/** Delivers an event of the customer whose conversation is open, or an echo to them, as Meta would. */
async function deliver(crm, phone, event) {
  const [page, psid] = new URL(crm.url()).pathname.split("/").slice(2).map(decodeURIComponent);
  const { connections: [{ webhook_url: url }] } = await crm.evaluate(async () => (await fetch("/api/connections")).json());
  const [sender, recipient] = event.message?.is_echo ? [page, psid] : [psid, page];
  const item = { sender: { id: sender }, recipient: { id: recipient }, timestamp: Date.now(), ...event };
  const body = JSON.stringify({ object: "page", entry: [{ id: page, time: Date.now(), messaging: [item] }] });
  const signature = createHmac("sha256", await credential(phone, "App Secret")).update(body).digest("hex");
  const answer = await fetch(url, { method: "POST", headers: { "x-hub-signature-256": `sha256=${signature}` }, body });
  assert.equal(answer.status, 200);
}

async function webhook(crm) {
  return { url: await field(crm, "Webhook URL").textContent(), token: await field(crm, "Verify Token").textContent() };
}

/** What the dashboard shows under this label. */
function credential(phone, label) {
  return until(label, async () => {
    const value = await field(phone, label).inputValue();
    assert.notEqual(value, "");
    return value;
  });
}

/** As the app's developer, in Meta's dashboard. */
async function verifyWebhook(crm, phone) {
  const { url, token } = await webhook(crm);
  await field(phone, "Callback URL").fill(url);
  await field(phone, "Verify token").fill(token);
  await button(phone, "Verify and save").click();
  await shows(phone.getByRole("status").filter({ hasText: /verified/i }));
}

/** How the simulated Meta answers sends: the first option that matches. */
async function chooseAnswer(phone, wanted) {
  const select = phone.getByRole("combobox", { name: "Answer to sends" });
  await shows(select);
  const texts = await select.locator("option").allTextContents();
  const index = texts.findIndex((text) => wanted.test(text));
  assert.ok(index >= 0, `no option like ${wanted} among ${texts}`);
  await select.selectOption({ index });
}

/** Notes every state that the bubble with this text passes through. */
async function collectStates(crm, text) {
  await crm.evaluate((text) => {
    window.states = [];
    const note = () => {
      for (const bubble of document.querySelectorAll(".bubble[data-state]")) {
        const state = bubble.dataset.state;
        if (bubble.textContent.includes(text) && window.states.at(-1) !== state) window.states.push(state);
      }
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
  }, text);
  return () => crm.evaluate(() => window.states);
}

// ---- both -----------------------------------------------------------------

mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
try {
  await walk("demo", demo);
  await walk("real", real);
} finally {
  await browser.close();
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
