// Starts a bot of bottender in this folder, and prints its address.
"use strict";

const express = require("express");
const { bottender } = require("bottender");

const app = bottender({ dev: false });
app.prepare().then(() => {
  const server = express();
  server.use(express.json({ verify: (request, _response, body) => { request.rawBody = body.toString(); } }));
  const handle = app.getRequestHandler();
  server.use((request, response) => handle(request, response));
  const listening = server.listen(0, "127.0.0.1", () => console.log(listening.address().port));
});
