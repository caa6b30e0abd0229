"use strict";

module.exports = {
  session: { driver: "memory" },
  channels: {
    messenger: {
      enabled: true,
      path: "/webhook",
      verifyToken: "verify-me",
      pageId: process.env.PAGE_ID,
      accessToken: process.env.PAGE_TOKEN,
      appId: process.env.APP_ID,
      appSecret: process.env.APP_SECRET,
      origin: process.env.GRAPH_URL,
      version: "6.0",
    },
  },
};
