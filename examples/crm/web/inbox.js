// The inbox: who wrote, newest first; beside it the open conversation and the customer's card.

import { api, explain } from "./api.js";
import { conversation, kindName, tick } from "./conversation.js";
import { conversationPath, customerCard } from "./customer.js";
import {
  avatar, coalesced, debounced, demo, el, emptyState, fill, hideBanner, icon, keep, moment, nameOf, number, oneLine, remember, remembered,
  setAttribute, setText, showBanner, unseen, words,
} from "./parts.js";

const PER_PAGE = 50;
const CHOSEN_PAGE = "page";

/** The inbox; `open(page, psid)` opens a conversation in it, `open()` closes it. */
export function inboxView(frame, page) {
  const chooser = el("select", { id: "page", onchange: choosePage });
  const choice = el("div", { class: "choice", hidden: true }, el("label", { class: "unseen", for: "page" }, words.page), chooser);
  const search = el("input", { id: "search", type: "search", autocomplete: "off", placeholder: words.search_placeholder });
  const list = el("ul", { class: "rows" });
  const none = el("div", { class: "none" });
  const paging = pager(turn);
  const pane = el("section", { class: "list-pane", "aria-label": words.inbox },
    el("div", { class: "list-head" },
      choice,
      el("div", { class: "search", role: "search" }, el("label", { class: "unseen", for: "search" }, words.search), icon("search"), search)),
    el("div", { class: "list-body" }, list, none), paging.root);
  const middle = el("div", { class: "conversation-pane" });
  const card = el("aside", { class: "card-pane", "aria-label": words.customer, hidden: true });
  const root = el("div", { class: "inbox" }, el("h1", { class: "unseen" }, words.inbox), pane, middle, card);
  const view = { root, title: words.inbox, open, changed, left, key };

  let pages = [];
  let pagesAreKnown = false;
  let shownPage = page ?? remembered(CHOSEN_PAGE);
  let listing = null;
  let cursors = [null];
  let chosen = null;

  // ---- the list -------------------------------------------------------

  const refreshList = coalesced(async () => {
    try {
      if (!pagesAreKnown || !isConnected(shownPage)) await readPages();
      if (pages.length > 0) {
        const read = (after) => api.customers({ page: shownPage, search: search.value.trim(), after });
        listing = await read(cursors.at(-1));
        // The server looks at a part of the customers at a time, and may find none of this name there.
        while (listing.customers.length === 0 && listing.next !== null) listing = await read(listing.next);
        if (listing.customers.length === 0 && cursors.length > 1) cursors = [null];
      }
      hideBanner("inbox");
      showList();
    } catch (error) {
      showBanner("inbox", explain(error), refreshList);
    }
  });

  const isConnected = (page) => pages.some(({ id }) => id === page);

  async function readPages() {
    ({ pages } = await api.pages());
    pagesAreKnown = true;
    if (!isConnected(shownPage)) shownPage = pages[0]?.id ?? null;
    choice.hidden = pages.length < 2;
    keep(chooser, pages, ({ id }) => id, ({ id }) => el("option", { value: id }), (option, { name }) => setText(option, oneLine(name)));
    if (shownPage !== null) chooser.value = shownPage;
  }

  function showList() {
    const customers = listing?.customers ?? [];
    keep(list, customers, ({ page, psid }) => `${page} ${psid}`, () => customerRow(), (row, customer) => row.show(customer, chosen, search.value.trim()));
    list.hidden = customers.length === 0;
    const why = customers.length > 0 ? "" : pages.length === 0 ? "no page" : search.value.trim() !== "" ? "no hits" : "no customers";
    if (none.dataset.why !== why) {
      none.dataset.why = why;
      none.replaceChildren(...(why === "" ? [] : [emptyList(why)]));
    }
    paging.show(cursors.length - 1, listing);
    frame.count(customers.filter(({ unread }) => unread > 0).length);
    showMiddle();
  }

  function turn(forward) {
    if (forward) cursors.push(listing.next);
    else cursors.pop();
    list.parentElement.scrollTop = 0;
    refreshList();
  }

  function choosePage() {
    shownPage = chooser.value;
    remember(CHOSEN_PAGE, shownPage);
    cursors = [null];
    frame.go("/inbox");
    refreshList();
  }

  search.addEventListener("input", debounced(() => {
    cursors = [null];
    refreshList();
  }));

  // ---- the open conversation ------------------------------------------

  function open(page, psid) {
    const same = chosen !== null && chosen.page === page && chosen.psid === psid;
    if (same) return;
    chosen?.talk.close();
    chosen = null;
    view.title = words.inbox;
    card.replaceChildren();
    card.hidden = psid === undefined;
    if (psid !== undefined) {
      chosen = { page, psid, talk: conversation(page, psid, showCustomer) };
      middle.replaceChildren(chosen.talk.root);
      if (matchMedia("(pointer: fine)").matches) chosen.talk.focus();
    } else {
      middle.replaceChildren();
    }
    setAttribute(root, "data-open", chosen !== null);
    for (const row of list.children) row.choose(chosen);
    showMiddle();
    if (chosen !== null && page !== shownPage) {
      shownPage = page;
      cursors = [null];
      refreshList();
    }
  }

  function showCustomer(customer) {
    view.title = nameOf(customer);
    frame.retitle();
    const connected = pages.find(({ id }) => id === customer.page);
    const looks = JSON.stringify([customer, connected]);
    if (card.dataset.looks !== looks || card.childElementCount === 0) card.replaceChildren(...customerCard(customer, connected));
    card.dataset.looks = looks;
  }

  function showMiddle() {
    if (chosen !== null || middle.childElementCount > 0 || pages.length === 0) return;
    middle.replaceChildren(emptyState("inbox", words.choose_title, words.choose_text,
      el("button", { type: "button", class: "quiet", onclick: frame.help }, words.keys)));
  }

  // ---- what the frame asks --------------------------------------------

  function changed(change) {
    if (change.page === null || !isConnected(change.page)) pagesAreKnown = false;
    if (change.page === shownPage || !pagesAreKnown) refreshList();
    if (chosen !== null && (change.page === null || change.page === chosen.page)) chosen.talk.refresh();
  }

  function left() {
    chosen?.talk.close();
  }

  function key(name, target) {
    const inList = list.contains(target);
    if (name === "/") search.focus();
    else if (name === "j" || (name === "ArrowDown" && inList)) step(1);
    else if (name === "k" || (name === "ArrowUp" && inList)) step(-1);
    else if (name === "r" && chosen !== null) chosen.talk.focus();
    else if (name === "Escape" && chosen !== null && target !== search) leave(target);
    else return false;
    return true;
  }

  function step(by) {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const from = at >= 0 ? at : links.findIndex((link) => link.hasAttribute("aria-current"));
    links[Math.max(0, Math.min(links.length - 1, from + by))]?.focus();
  }

  /** From the answer to the list; from the list (or where there is only one pane) back to the inbox. */
  function leave(target) {
    const row = list.querySelector("a[aria-current]");
    if (middle.contains(target) && row !== null && pane.offsetParent !== null) row.focus();
    else frame.go("/inbox");
  }

  refreshList();
  return view;
}

// ---- one customer in the list ---------------------------------------------

function customerRow() {
  const picture = el("span", { class: "row-picture" });
  const name = el("span", { class: "row-name", dir: "auto" });
  const time = el("span", { class: "row-time" });
  const preview = el("span", { class: "row-preview", dir: "auto" });
  const marks = el("span", { class: "row-marks" });
  const link = el("a", {}, picture, name, time, preview, marks);
  const row = el("li", { class: "row" }, link);
  let shown = null;

  row.show = (customer, chosen, wanted) => {
    const before = shown;
    shown = customer;
    setAttribute(row, "aria-label", nameOf(customer));
    setAttribute(link, "href", conversationPath(customer));
    setText(name, nameOf(customer));
    row.classList.toggle("unread", customer.unread > 0);
    if (before === null || before.picture !== customer.picture || before.name !== customer.name) picture.replaceChildren(avatar(customer));
    if (before?.last_at !== customer.last_at) time.replaceChildren(moment(customer.last_at));
    setText(preview, previewOf(customer, wanted));
    const last = JSON.stringify([customer.unread, customer.last?.state]);
    if (marks.dataset.looks !== last) {
      marks.dataset.looks = last;
      marks.replaceChildren(...marksOf(customer));
    }
    row.choose(chosen);
  };
  row.choose = (chosen) => {
    const open = chosen !== null && chosen.page === shown.page && chosen.psid === shown.psid;
    setAttribute(link, "aria-current", open ? "true" : null);
  };
  return row;
}

/** "You: see you", "Image", "reacted 👍", ""; in a search the message that holds what was searched for. */
function previewOf({ last, passage, reaction }, wanted) {
  if (passage !== null) return saidBy(passage.side, around(oneLine(passage.text ?? ""), wanted));
  if (reaction !== null && reaction.at > (last?.at ?? 0)) return fill(words.reacted, { reaction: reaction.emoji ?? reaction.name ?? "" });
  if (last === null) return "";
  return saidBy(last.side, last.unsent ? words.unsent : oneLine(last.text ?? "") || last.kinds.map(kindName).join(words.list_comma));
}

const saidBy = (side, text) => side === "page" ? fill(words.you_said, { text }) : text;

/** A line of text from shortly before a part of it, so that the part is not cut off. */
function around(line, part) {
  const from = line.toLowerCase().indexOf(part.toLowerCase()) - 20;
  return from > 0 ? `…${line.slice(from).replace(/^\p{Surrogate}/u, "")}` : line;
}

function marksOf({ unread, last }) {
  if (unread > 0) return [el("span", { class: "badge" }, number(unread), unseen(` ${words.unread}`))];
  return last?.side === "page" && last.state !== null ? [tick(last.state)] : [];
}

function emptyList(why) {
  if (why === "no page") {
    return emptyState("inbox", words.no_page_title, words.no_page_text, el("a", { class: "button primary", href: "/settings" }, words.go_to_settings));
  }
  if (why === "no hits") return emptyState("search", words.no_hits_title, words.no_hits_text);
  return emptyState("inbox", words.no_customers_title, demo ? words.no_customers_demo : words.no_customers_text);
}

// ---- turning pages --------------------------------------------------------

function pager(turn) {
  const text = el("span", { class: "paging-text", role: "status" });
  const previous = el("button", { type: "button", class: "quiet", onclick: () => turn(false) }, icon("back"), words.previous);
  const next = el("button", { type: "button", class: "quiet", onclick: () => turn(true) }, words.next, icon("forward"));
  const root = el("nav", { class: "paging", "aria-label": words.paging, hidden: true }, text, previous, next);

  function show(index, listing) {
    root.hidden = listing === null || listing.customers.length === 0;
    if (root.hidden) return;
    const from = index * PER_PAGE + 1;
    const total = listing.total_is_exact ? number(listing.total) : fill(words.more_than, { count: number(listing.total) });
    setText(text, fill(words.range, { from: number(from), to: number(from + listing.customers.length - 1), total }));
    previous.disabled = index === 0;
    next.disabled = listing.next === null;
  }

  return { root, show };
}
