// Clients of other people drive the simulator over HTTP. Nothing of them is changed but base URL and
// version.
//
//   npm ci --ignore-scripts && node clients.mjs      (after `cargo build --example simulator`)

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import express from "express";
import XHubSignature from "x-hub-signature";

const require = createRequire(import.meta.url);
const { MessengerClient } = require("messaging-api-messenger");
const sdk = require("facebook-nodejs-business-sdk");

const program = process.env.SIMULATOR ?? fileURLToPath(new URL("../../target/debug/examples/simulator", import.meta.url));
const AMELIE = "24681357902468135";
const YIJUN = "7324561089432101";
const children = [];

/** Starts a simulator and returns its credentials. */
async function simulator(...words) {
  // These clients keep no pause between two calls of the conversations, as Meta wants it.
  const child = spawn(program, ["run", "--listen", "127.0.0.1:0", "--json", "--print-credentials",
    "--limit", "conversations=0", ...words], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return JSON.parse(await firstLine(child));
}

/** Returns the first line that a program prints: the whole line, also when it comes in parts. */
function firstLine(child) {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`a program ended with ${code}`)));
  });
}

/** Acts as a person on the phone. */
async function act(at, route, body) {
  const response = await fetch(`${at.url}/phone/${route}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

const tests = {
  async "messaging-api-messenger makes the calls of a CRM"(at) {
    const client = new MessengerClient({
      accessToken: at.page_token, appId: at.app_id, appSecret: at.app_secret, origin: at.url, version: "6.0",
    });
    const sent = await client.sendText(AMELIE, "Bonjour");
    assert.equal(sent.recipientId, AMELIE);
    const image = await client.sendImage(AMELIE, "https://shop.example/tea.png");
    assert.ok(image.messageId);
    await client.sendImage(AMELIE, Buffer.from("PNG"), { filename: "tea.png" });
    await client.sendButtonTemplate(AMELIE, "Order?", [{ type: "postback", title: "Order", payload: "ORDER" }]);
    await client.sendMessage(AMELIE, { text: "Which?", quickReplies: [{ contentType: "text", title: "Red", payload: "RED" }] });
    await client.typingOn(AMELIE);
    await client.typingOff(AMELIE);
    await client.markSeen(AMELIE);
    const uploaded = await client.uploadImage(Buffer.from("PNG"), { filename: "tea.png", isReusable: true });
    assert.ok(uploaded.attachmentId);
    const profile = await client.getUserProfile(AMELIE);
    assert.equal(profile.firstName, "Amélie");
    await client.setGetStarted("START");
    assert.equal((await client.getGetStarted()).payload, "START");
    await client.setPersistentMenu([{ locale: "default", composerInputDisabled: false,
      callToActions: [{ type: "postback", title: "Help", payload: "HELP" }] }]);
    assert.equal((await client.getPersistentMenu())[0].callToActions[0].title, "Help");
    await client.deletePersistentMenu();
    assert.equal(await client.getPersistentMenu(), null);
    for (const name of ["Ana", "Ben", "Cleo"]) {
      await client.createPersona({ name, profilePictureUrl: "https://shop.example/a.png" });
    }
    const personas = await client.getAllPersonas();
    assert.deepEqual(personas.map(({ name }) => name), ["Ana", "Ben", "Cleo"]);
    await client.sendText(AMELIE, "I am Ana", { personaId: personas[0].id });
    await client.deletePersona(personas[0].id);
    // Since v12.0 the parameter is `page_label_name`; this client sends `name`, which Meta refuses, too.
    await assert.rejects(client.createLabel("VIP"), /page_label_name is required/);
    await client.takeThreadControl(AMELIE);
    assert.equal((await client.getThreadOwner(AMELIE)).appId, at.app_id);
    await client.passThreadControlToPageInbox(AMELIE);
    await assert.rejects(client.sendText(AMELIE, "?"), /Another app is controlling this thread/);
    await client.takeThreadControl(AMELIE);
    // This client sends the proof of the Page token together with the app's own token.
    await assert.rejects(client.debugToken(), /Invalid appsecret_proof/);
    await assert.rejects(client.sendText("1", "nobody"), /No matching user found/);
  },

  async "facebook-nodejs-business-sdk makes the calls of a CRM"(at) {
    const { FacebookAdsApi, Page } = sdk;
    Object.defineProperty(FacebookAdsApi, "GRAPH", { get: () => at.url });
    const api = new FacebookAdsApi(at.page_token, "en_US", false);
    const proof = createHmac("sha256", at.app_secret).update(at.page_token).digest("hex");
    const page = new Page(at.page_id, {}, undefined, api);
    const shown = await api.call("GET", [at.page_id], { fields: "id,name", appsecret_proof: proof });
    assert.equal(shown.name, "Corner Shop");
    const call = (method, path, parameters) => api.call(method, path, { ...parameters, appsecret_proof: proof });
    const sent = await call("POST", [at.page_id, "messages"], {
      recipient: { id: YIJUN }, messaging_type: "RESPONSE", message: { text: "您好" },
    });
    assert.ok(sent.message_id);
    await act(at, "messages", { psid: YIJUN, text: "有貨嗎？" });
    await act(at, "messages", { psid: AMELIE, text: "Merci" });
    // The SDK sends lists as JSON text, and walks pages by the address in `paging.next`.
    const conversations = await page.getConversations(["id", "participants", "updated_time"], { limit: 1, appsecret_proof: proof });
    const found = [...conversations];
    while (conversations.hasNext()) found.push(...(await conversations.next()));
    assert.equal(found.length, 2);
    const subscribed = await page.createSubscribedApp([], { subscribed_fields: ["messages", "message_echoes"], appsecret_proof: proof });
    assert.ok(subscribed);
    const apps = await page.getSubscribedApps(["id", "subscribed_fields"], { appsecret_proof: proof });
    assert.equal(apps[0].id, at.app_id);
    await assert.rejects(call("GET", ["999"], {}), (error) => error.response.code === 100 && error.response.error_subcode === 33);
  },

  async "express with x-hub-signature takes the webhooks"(at) {
    const events = [];
    const app = express();
    app.get("/webhook", (request, response) => response.send(request.query["hub.challenge"]));
    app.post("/webhook", express.raw({ type: "application/json" }), (request, response) => {
      const x = new XHubSignature("sha256", at.app_secret);
      const isRight = x.verify(request.get("x-hub-signature-256"), request.body);
      if (isRight) events.push(JSON.parse(request.body).entry[0].messaging[0]);
      response.sendStatus(isRight ? 200 : 401);
    });
    const server = app.listen(0, "127.0.0.1");
    await new Promise((done) => server.on("listening", done));
    try {
      const callback = `http://127.0.0.1:${server.address().port}/webhook`;
      await act(at, "subscription", { callback_url: callback, verify_token: "any" });
      const { mid } = await act(at, "messages", { psid: AMELIE, text: "Grüße 🙂 a/b" });
      for (let tries = 0; events.length === 0 && tries < 200; tries += 1) {
        await new Promise((done) => setTimeout(done, 20));
      }
      assert.equal(events[0].message.mid, mid);
      assert.equal(events[0].message.text, "Grüße 🙂 a/b");
    } finally {
      server.close();
    }
  },

  async "bottender takes the webhooks and answers"(at) {
    const bot = fileURLToPath(new URL("bot", import.meta.url));
    const env = { ...process.env, GRAPH_URL: at.url, PAGE_ID: at.page_id, PAGE_TOKEN: at.page_token,
      APP_ID: at.app_id, APP_SECRET: at.app_secret };
    const child = spawn(process.execPath, ["start.js"], { cwd: bot, env, stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const callback = { url: `http://127.0.0.1:${await firstLine(child)}/webhook` };
    await act(at, "subscription", { callback_url: callback.url, verify_token: "verify-me" });
    await act(at, "messages", { psid: YIJUN, text: "Hello" });
    const path = `${at.url}/phone/state?psid=${YIJUN}`;
    let texts = [];
    let state;
    for (let tries = 0; !texts.includes("You said Hello") && tries < 200; tries += 1) {
      await new Promise((done) => setTimeout(done, 50));
      state = await (await fetch(path)).json();
      texts = state.messages.map(({ text }) => text);
    }
    assert.ok(texts.includes("You said Hello"), `${texts} ${JSON.stringify(state.last_failure)}`);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    // The bot checks the legacy signature only.
    const words = name.startsWith("bottender") ? ["--sha1"] : [];
    await test(await simulator(...words));
    console.log(`ok      L11 ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  L11 ${name}: ${error.stack}`);
    if (error.response) console.log(JSON.stringify(error.response.data ?? error.response));
  }
}
children.forEach((child) => child.kill());
process.exit(failed === 0 ? 0 : 1);
