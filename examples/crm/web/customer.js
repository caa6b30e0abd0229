// One customer: what is known, and where it comes from.

import { api, explain } from "./api.js";
import {
  announce, ask, avatar, coalesced, copyButton, el, emptyState, fill, hideBanner, moment, nameOf, oneLine, showBanner, words,
} from "./parts.js";

export const conversationPath = ({ page, psid }) => `/inbox/${encodeURIComponent(page)}/${encodeURIComponent(psid)}`;
export const customerPath = ({ page, psid }) => `/customers/${encodeURIComponent(page)}/${encodeURIComponent(psid)}`;

/** The customer page. */
export function customerView(frame, page, psid) {
  const root = el("div", { class: "sheet" });
  const view = { root, title: words.customer, changed, left };
  let gone = false;

  const refresh = coalesced(async () => {
    try {
      const [customer, { pages }] = await Promise.all([api.customer(page, psid), api.pages()]);
      if (gone) return;
      hideBanner("customer");
      view.title = nameOf(customer);
      frame.retitle();
      show(customer, pages.find(({ id }) => id === page));
    } catch (error) {
      if (gone) return;
      if (error.code === "not_found") root.replaceChildren(nobody());
      else showBanner("customer", explain(error), refresh);
    }
  });

  function show(customer, connected) {
    const looks = JSON.stringify([customer, connected]);
    if (root.dataset.looks === looks) return;
    root.dataset.looks = looks;
    root.replaceChildren(
      el("a", { class: "way-back", href: "/inbox" }, words.back_to_inbox),
      el("article", { class: "card profile" },
        avatar(customer, { large: true, label: fill(words.picture_of, { name: nameOf(customer) }) }),
        el("div", { class: "profile-text" },
          el("h1", { dir: "auto" }, nameOf(customer)),
          profileNote(customer),
          facts(customer, connected),
          el("div", { class: "buttons" },
            el("a", { class: "button primary", href: conversationPath(customer) }, words.open_conversation),
            el("button", { type: "button", onclick: () => askAndErase(customer) }, words.erase)))));
  }

  async function askAndErase(customer) {
    const name = nameOf(customer);
    const sure = await ask({
      title: fill(words.erase_title, { name }), paragraphs: [words.erase_text], yes: words.erase, dangerous: true,
    });
    if (!sure) return;
    try {
      await api.erase(page, psid);
      announce(words.erased);
      refresh();
    } catch (error) {
      showBanner("erase", explain(error), () => askAndErase(customer));
    }
  }

  function changed(change) {
    if (change.page === null || change.page === page) refresh();
  }

  function left() {
    gone = true;
  }

  refresh();
  return view;
}

function nobody() {
  return emptyState("person", words.no_such_customer, words.no_such_customer_text,
    el("a", { class: "button", href: "/inbox" }, words.back_to_inbox));
}

/** The card beside a conversation. */
export function customerCard(customer, connected) {
  return [
    avatar(customer, { large: true }),
    el("h2", { dir: "auto" }, nameOf(customer)),
    profileNote(customer),
    facts(customer, connected),
    el("p", {}, el("a", { href: customerPath(customer) }, words.open_customer)),
  ].filter((part) => part !== null);
}

/** Why there is no name or picture (yet). */
function profileNote(customer) {
  if (customer.profile === "known") return null;
  return el("p", { class: "note" }, customer.profile === "none" ? words.profile_none : words.profile_pending);
}

function facts(customer, connected) {
  const psid = el("code", {}, customer.psid);
  const fact = (term, ...value) => el("div", {}, el("dt", {}, term), el("dd", { dir: "auto" }, ...value));
  const text = (value) => value === null || value === "" ? el("span", { class: "muted" }, words.unknown) : oneLine(value);
  const time = (at) => at === null ? text(null) : moment(at);
  return el("dl", { class: "facts" },
    fact(words.first_name, text(customer.first_name)),
    fact(words.last_name, text(customer.last_name)),
    fact(words.psid, psid, " ", copyButton(words.psid, psid)),
    fact(words.page, connected ? oneLine(connected.name) : el("code", {}, customer.page)),
    fact(words.first_seen, time(customer.first_at)),
    fact(words.last_seen, time(customer.last_at)));
}
