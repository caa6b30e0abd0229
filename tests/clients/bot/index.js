"use strict";

module.exports = async function App(context) {
  if (context.event.isText && !context.event.isEcho) await context.sendText(`You said ${context.event.text}`);
};
