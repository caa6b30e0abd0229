"use strict";

// The words of the page in its two languages. Elements name theirs by data-word, placeholders by
// data-placeholder, and labels of buttons without text by data-label.
const WORDS = {
  en: {
    whose: "Whose phone is it?", simulated: "Messenger, simulated", message: "Message", send: "Send",
    more: "More", like: "Like", picture: "Picture", voice: "Voice", file: "File", sticker: "Sticker", upload: "From this computer",
    start: "Get Started", link: "m.me link", ad: "Ad click", block: "Block", unblock: "Unblock",
    menu: "Menu", typing: "The Page is typing",
    unheard: "No callback URL is saved yet, so the Page is not notified of what is written here.",
    blocked: "You blocked this Page.", reply: "Reply", edit: "Edit", unsend: "Unsend", cancel: "Cancel",
    replying: "Reply to", editing: "Edit the message", unsent: "You unsent a message", edited: "Edited",
    sent: "Sent", delivered: "Delivered", seen: "Seen", askRef: "ref of the link", askAd: "Id of the ad",
    noProfile: "Meta refuses to show this person’s profile", language: "中文",
    dashboard: "Meta dashboard",
    lead: "What Meta’s own pages would tell and ask you, for an app that exists on this machine only.",
    appAndPage: "App and Page", copy: "Copy", copied: "Copied", pageToken: "Page access token",
    pageName: "Page name", callbackUrl: "Callback URL", verifyToken: "Verify token",
    verify: "Verify and save", asking: "Asking the callback …", verified: "Verified and saved.",
    notSaved: "Not saved: ", saved: "Saved", waiting: "Waiting", failure: "Last failure", none: "none",
    noneYet: "none yet", notifications: "notifications", calls: "Calls so far", sends: "Answer to sends",
    profiles: "Answer to profiles", fault: "Fault of all calls",
  },
  "zh-Hant": {
    whose: "這是誰的手機？", simulated: "模擬的 Messenger", message: "訊息", send: "傳送",
    more: "更多", like: "讚", picture: "圖片", voice: "語音", file: "檔案", sticker: "貼圖", upload: "從這台電腦",
    start: "開始使用", link: "m.me 連結", ad: "點擊廣告", block: "封鎖", unblock: "解除封鎖",
    menu: "選單", typing: "粉絲專頁正在輸入",
    unheard: "尚未儲存回呼網址，因此粉絲專頁不會收到這裡的訊息。",
    blocked: "你已封鎖這個粉絲專頁。", reply: "回覆", edit: "編輯", unsend: "收回", cancel: "取消",
    replying: "回覆", editing: "編輯訊息", unsent: "你已收回一則訊息", edited: "已編輯",
    sent: "已傳送", delivered: "已送達", seen: "已讀", askRef: "連結的 ref", askAd: "廣告編號",
    noProfile: "Meta 不提供此人的個人檔案", language: "English",
    dashboard: "Meta 主控板",
    lead: "Meta 的網頁會顯示和詢問的內容；這個應用程式只存在於這台電腦。",
    appAndPage: "應用程式與粉絲專頁", copy: "複製", copied: "已複製", pageToken: "粉絲專頁存取權杖",
    pageName: "粉絲專頁名稱", callbackUrl: "回呼網址", verifyToken: "驗證權杖",
    verify: "驗證並儲存", asking: "正在詢問回呼網址…", verified: "已驗證並儲存。",
    notSaved: "未儲存：", saved: "已儲存", waiting: "等待中", failure: "上次失敗", none: "無",
    noneYet: "尚無", notifications: "則通知", calls: "呼叫次數", sends: "傳送的回應",
    profiles: "個人檔案的回應", fault: "所有呼叫的錯誤",
  },
};

let language = localStorage.getItem("language");
if (!WORDS[language]) language = navigator.language.startsWith("zh") ? "zh-Hant" : "en";

function word(name) {
  return WORDS[language][name];
}

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-placeholder]")) {
    node.placeholder = word(node.dataset.placeholder);
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", word(node.dataset.label));
    node.title = word(node.dataset.label);
  }
}
