//! Every text of the web pages, once per language.

use serde::Serialize;

/// One line per text: its name, English, Traditional Chinese as used in Taiwan.
/// A line with a language missing does not compile.
macro_rules! words {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        /// All texts in one language, as the pages get them.
        #[derive(Debug, Serialize)]
        pub(crate) struct Words {
            $(pub(crate) $name: &'static str,)*
        }

        static ENGLISH: Words = Words { $($name: $english,)* };
        static TRADITIONAL_CHINESE: Words = Words { $($name: $chinese,)* };

        #[cfg(test)]
        const TABLE: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $chinese),)*];
    };
}

words! {
    // The frame of every page.
    inbox: "Inbox", "收件匣";
    settings: "Settings", "設定";
    customer: "Customer", "顧客";
    navigation: "Main menu", "主選單";
    language: "Language", "語言";
    demo: "Demo", "示範";
    demo_note: "You are trying this out with a simulated Messenger. Nothing reaches Meta.",
        "這裡使用模擬的 Messenger 供您試用，不會連線到 Meta。";
    connecting: "Connecting…", "連線中…";
    live: "Live", "即時更新中";
    reconnecting: "Reconnecting…", "重新連線中…";
    offline: "Offline", "已離線";
    cancel: "Cancel", "取消";
    close: "Close", "關閉";
    dismiss: "Dismiss", "關閉訊息";
    try_again: "Try again", "再試一次";
    copy: "Copy", "複製";
    copy_what: "Copy {what}", "複製 {what}";
    copied: "Copied", "已複製";
    unknown: "Unknown", "不明";

    // The list of customers.
    page: "Page", "粉絲專頁";
    search: "Search", "搜尋";
    search_placeholder: "Search customers", "搜尋顧客";
    unread: "unread", "則未讀";
    you: "You", "您";
    you_said: "You: {text}", "您：{text}";
    reacted: "reacted {reaction}", "回應了 {reaction}";
    list_comma: ", ", "、";
    customer_unnamed: "Customer …{digits}", "顧客 …{digits}";
    range: "{from} – {to} of {total}", "第 {from} – {to} 筆，共 {total} 筆";
    more_than: "{count}+", "{count}+";
    paging: "Pages of the list", "清單分頁";
    previous: "Previous", "上一頁";
    next: "Next", "下一頁";
    no_page_title: "No Page connected yet", "尚未連接粉絲專頁";
    no_page_text: "Connect a Facebook Page, and its conversations appear here.",
        "連接 Facebook 粉絲專頁後，對話就會出現在這裡。";
    go_to_settings: "Go to Settings", "前往設定";
    no_customers_title: "No customers yet", "還沒有顧客";
    no_customers_text: "Write a message to your Page in Messenger. It appears here without a reload. If it does not, check the Webhook URL and Verify Token in Meta’s dashboard.",
        "請用 Messenger 傳一則訊息給您的粉絲專頁，它會立即出現在這裡，不必重新整理。如果沒有出現，請到 Meta 開發者後台檢查 Webhook URL 與驗證權杖。";
    no_customers_demo: "Write a message on the simulated phone. It appears here without a reload.",
        "請在模擬手機上傳一則訊息，它會立即出現在這裡，不必重新整理。";
    no_hits_title: "Nothing found", "找不到符合的顧客";
    no_hits_text: "Try another name or fewer letters.", "請換一個名字，或少輸入幾個字。";

    // The conversation.
    conversation: "Conversation", "對話";
    choose_title: "Choose a conversation", "請選擇對話";
    choose_text: "Choose a customer in the list to read and answer.", "從清單中選擇一位顧客，即可閱讀並回覆。";
    back_to_inbox: "Back to the inbox", "返回收件匣";
    open_customer: "Open customer page", "開啟顧客頁面";
    earlier: "Show earlier messages", "顯示較早的訊息";
    jump: "New messages below", "下方有新訊息";
    new_messages: "New messages", "新訊息";
    no_messages: "No messages yet", "還沒有訊息";
    no_content: "This message has no content that can be shown.", "這則訊息沒有可顯示的內容。";
    says: "{name}:", "{name}：";
    pressed: "Pressed “{title}”", "按下「{title}」";
    unsent: "This message was taken back.", "這則訊息已收回。";
    edited: "Edited", "已編輯";
    quoted: "Re: {text}", "回覆：{text}";
    quoted_elsewhere: "an earlier message", "較早的訊息";
    from_standby: "Another app is answering", "由其他應用程式回覆中";
    sent_elsewhere: "Sent outside this CRM", "從其他地方傳送";
    window_left: "{time} left to reply", "回覆期限還有 {time}";
    window_until: "Replies are possible until {time}", "可回覆至 {time}";
    window_closed: "Reply window closed", "已過回覆期限";
    window_explained: "More than 24 hours have passed since the customer last wrote. Meta will probably refuse an answer until the customer writes again.",
        "距離顧客上次傳訊已超過 24 小時。在顧客再次傳訊之前，Meta 可能會拒絕傳送回覆。";

    // Attachments.
    kind_image: "Image", "圖片";
    kind_audio: "Voice message", "語音訊息";
    kind_video: "Video", "影片";
    kind_file: "File", "檔案";
    kind_sticker: "Sticker", "貼圖";
    kind_location: "Location", "位置";
    kind_fallback: "Shared link", "分享的連結";
    kind_template: "Message with buttons", "按鈕訊息";
    kind_other: "Attachment", "附件";

    // How far an answer has come.
    state_queued: "Queued", "等待傳送";
    state_sending: "Sending", "傳送中";
    state_sent: "Sent", "已傳送";
    state_delivered: "Delivered", "已送達";
    state_read: "Read", "已讀";
    state_failed: "Failed", "傳送失敗";
    state_unknown: "Not confirmed", "未確認";
    next_attempt: "Meta has not taken it yet. Next attempt: {time}", "Meta 尚未接受這則訊息。下次嘗試：{time}";
    sent_afterwards: "This message is sent afterwards.", "之後會自動傳送這則訊息。";
    unknown_text: "Meta’s answer was lost. The customer may or may not have this message.",
        "沒有收到 Meta 的回應，顧客可能已收到，也可能沒有收到這則訊息。";
    advice_outside_window: "The 24-hour window is closed. Wait until the customer writes again.",
        "已超過 24 小時的回覆期限，請等顧客再次傳訊。";
    advice_reauthorize: "Meta no longer accepts the Page access token. Enter a new one in Settings.",
        "Meta 不再接受這個粉絲專頁存取權杖，請到「設定」輸入新的權杖。";
    advice_unreachable: "This person cannot be reached: they may have blocked the Page or left Messenger.",
        "無法聯絡這位顧客，對方可能已封鎖粉絲專頁或停用 Messenger。";
    advice_rate_limited: "Too many calls to Meta. Wait some minutes, then send it again.",
        "對 Meta 的呼叫次數過多，請等幾分鐘後再傳送。";
    advice_permission: "The app lacks a permission for this Page. Check pages_messaging in Meta’s dashboard.",
        "應用程式缺少這個粉絲專頁的權限，請在 Meta 開發者後台檢查 pages_messaging。";
    advice_thread_control: "Another app or the Page’s inbox holds this conversation. Answer there, or take it over.",
        "這個對話目前由其他應用程式或粉絲專頁收件匣處理，請在那裡回覆，或先取得對話控制權。";
    advice_blocked: "Meta has restricted this Page or app. Stop sending, and look at the Page’s quality in Meta’s dashboard.",
        "Meta 已限制這個粉絲專頁或應用程式，請停止傳送，並到 Meta 後台查看粉絲專頁狀態。";
    advice_fix_request: "Meta does not accept this message as it is. Write it differently.",
        "Meta 不接受這則訊息的內容，請修改後再傳送。";
    advice_try_again: "Meta has a passing problem. Send it again.", "Meta 暫時發生問題，請再傳送一次。";
    advice_unknown: "Meta refused this message.", "Meta 拒絕了這則訊息。";
    meta_says: "Meta says: {text}", "Meta 的說明：{text}";
    meta_code: "code {code}", "代碼 {code}";
    meta_subcode: "subcode {subcode}", "子代碼 {subcode}";
    meta_trace: "trace {trace}", "追蹤碼 {trace}";
    send_again: "Send again", "再次傳送";
    again_title: "Send this message again?", "要再次傳送這則訊息嗎？";
    again_text: "It was not confirmed. If the customer has it already, they get it twice.",
        "這則訊息尚未確認。如果顧客已經收到，就會收到兩次。";

    // Writing an answer.
    message: "Message", "訊息";
    message_placeholder: "Write an answer…", "輸入回覆…";
    send: "Send", "傳送";
    composer_hint: "Enter sends, Shift + Enter starts a new line", "按 Enter 傳送，Shift + Enter 換行";
    count_of: "{count} of {limit} characters", "{count} / {limit} 個字元";
    too_long_by: "{count} characters too many", "超過 {count} 個字元";

    // The customer page.
    picture_of: "Picture of {name}", "{name} 的大頭貼";
    first_name: "First name", "名字";
    last_name: "Last name", "姓氏";
    psid: "PSID", "PSID";
    first_seen: "First seen", "首次出現";
    last_seen: "Last seen", "最近出現";
    profile_none: "Meta gives no profile of this person. They may have restricted it, or use Messenger without a Facebook account.",
        "Meta 未提供這位顧客的個人檔案。對方可能限制了存取，或未使用 Facebook 帳號登入 Messenger。";
    profile_pending: "Name and picture are being fetched from Meta.", "正在向 Meta 取得姓名與大頭貼。";
    open_conversation: "Open conversation", "開啟對話";
    erase: "Erase", "刪除資料";
    erase_title: "Erase everything about {name}?", "要刪除 {name} 的所有資料嗎？";
    erase_text: "Messages, profile and picture are erased here, for good. In Messenger the conversation stays. If the customer writes again, a new conversation begins.",
        "這裡的訊息、個人檔案與大頭貼都會永久刪除，Messenger 裡的對話仍會保留。如果顧客再次傳訊，會開始新的對話。";
    erased: "The customer’s data is erased.", "顧客的資料已刪除。";
    no_such_customer: "No such customer", "找不到這位顧客";
    no_such_customer_text: "The address may be wrong, or the customer’s data has been deleted.",
        "網址可能有誤，或這位顧客的資料已被刪除。";

    // Settings.
    connect_title: "Connect a Facebook Page", "連接 Facebook 粉絲專頁";
    connect_text: "Copy these three from Meta’s dashboard. Connecting the same Page again renews its secrets and keeps its Webhook URL and Verify Token.",
        "請從 Meta 開發者後台複製以下三項。再次連接同一個粉絲專頁只會更新密鑰，Webhook URL 與驗證權杖維持不變。";
    app_id: "App ID", "應用程式編號";
    app_id_help: "App settings → Basic", "應用程式設定 → 基本資料";
    app_secret: "App Secret", "應用程式密鑰";
    app_secret_help: "App settings → Basic → App Secret → Show", "應用程式設定 → 基本資料 → 應用程式密鑰 → 顯示";
    page_token: "Page access token", "粉絲專頁存取權杖";
    page_token_help: "Messenger → Settings → Access tokens → Generate token", "Messenger → 設定 → 存取權杖 → 產生權杖";
    connect: "Connect", "連接";
    connected: "Connected: {page}", "已連接：{page}";
    connected_app: "Page {page} · App {app}", "粉絲專頁 {page} · 應用程式 {app}";
    not_connected: "These appear once a Page is connected.", "連接粉絲專頁後，就會顯示以下內容。";
    webhook: "Webhook", "Webhook";
    webhook_url: "Webhook URL", "Webhook URL";
    verify_token: "Verify Token", "驗證權杖";
    none: "none", "無";
    webhook_help: "In Meta’s dashboard open Messenger → Settings → Webhooks, paste both as “Callback URL” and “Verify token”, press “Verify and save”, then subscribe to messages, messaging_postbacks, message_echoes, message_deliveries and message_reads.",
        "請在 Meta 開發者後台開啟 Messenger → 設定 → Webhooks，將兩者分別貼到「回呼網址」與「驗證權杖」，按下「驗證並儲存」，再訂閱 messages、messaging_postbacks、message_echoes、message_deliveries 與 message_reads。";
    reset: "Reset", "重設";
    reset_title: "Reset the webhook of {page}?", "要重設 {page} 的 Webhook 嗎？";
    reset_text: "This page gets a new Webhook URL and a new Verify Token. The old address answers 404 from then on.",
        "將產生新的 Webhook URL 與新的驗證權杖，舊網址之後會回應 404。";
    reset_afterwards: "Meta keeps calling the old address until you change it in the dashboard; no messages arrive until then.",
        "在您到 Meta 開發者後台更改之前，Meta 仍會呼叫舊網址，期間收不到任何訊息。";
    reset_done: "There is a new Webhook URL and Verify Token. Enter them in Meta’s dashboard now.",
        "已產生新的 Webhook URL 與驗證權杖，請立即到 Meta 開發者後台更新。";
    check: "Check now", "立即檢查";
    checked: "Checked.", "已檢查。";
    health_good: "No problems are known.", "目前沒有已知的問題。";
    paused: "Sending is paused for a while.", "暫時停止傳送。";
    problem_not_connected: "The Page is not connected. Connect it above.", "粉絲專頁尚未連接，請在上方連接。";
    problem_token_refused: "Meta refuses the Page access token. Generate a new one, and connect the Page again above; what waits is then sent.",
        "Meta 拒絕了粉絲專頁存取權杖。請產生新的權杖，並在上方重新連接，等待中的訊息就會傳送。";
    problem_permission_missing: "The app lacks a permission for this Page. Grant it in Meta’s dashboard, or request it in the app review.",
        "應用程式缺少這個粉絲專頁的權限，請在 Meta 開發者後台授權，或在應用程式審查中申請。";
    problem_restricted: "Meta has restricted the Page. Open Support home of the Page at Facebook to read why, and to appeal.",
        "Meta 已限制這個粉絲專頁，請到 Facebook 的「支援首頁」查看原因或提出申訴。";
    problem_throttled: "Meta takes no calls of this Page for a while. What waits is sent afterwards.",
        "Meta 暫時不接受這個粉絲專頁的呼叫，等待中的訊息稍後會傳送。";
    problem_unsubscribed: "The app does not receive the Page’s messages. Press “Check now”: it subscribes again.",
        "應用程式收不到這個粉絲專頁的訊息，請按「立即檢查」重新訂閱。";
    problem_held_by_another: "Another app or the Page’s inbox holds a conversation that was answered here.",
        "這裡回覆過的一個對話目前由其他應用程式或粉絲專頁收件匣處理。";
    disconnect: "Disconnect", "中斷連接";
    disconnect_title: "Disconnect {page}?", "要中斷連接 {page} 嗎？";
    disconnect_text: "Its token and secret are removed here, and Meta stops sending its messages. Conversations stay stored; they are shown again when the Page is connected again.",
        "這裡的權杖與密鑰會移除，Meta 也不再傳送它的訊息。對話仍會保留，重新連接粉絲專頁後會再次顯示。";
    disconnected: "Disconnected: {page}", "已中斷連接：{page}";
    disconnect_refused: "The Page is disconnected here, but Meta refused to end the subscription: remove it in Meta’s dashboard.",
        "這裡已中斷連接，但 Meta 拒絕取消訂閱，請到 Meta 開發者後台移除。";
    privacy: "Requests about personal data", "個人資料請求";
    privacy_text: "Meta names a person by an id that no conversation shows. Find the customer, erase them on their page, then mark the request as done.",
        "Meta 只提供無法對應到對話的編號。請找到這位顧客，在顧客頁面刪除資料，再將請求標示為完成。";
    request_deletion: "Delete data", "刪除資料";
    request_deauthorization: "App removed", "移除應用程式";
    request_code: "Confirmation code {code} · App {app}", "確認碼 {code} · 應用程式 {app}";
    request_person: "Person {id}", "使用者 {id}";
    request_open: "Open", "未處理";
    request_erased: "Erased", "已刪除";
    request_settled: "Done", "已完成";
    settle: "Mark as done", "標示為完成";
    settle_title: "Is everything done for this request?", "這項請求都處理好了嗎？";
    settle_text: "The person can see on the status page that it was completed.", "對方可以在狀態頁看到已完成。";
    read_only_note: "This is the demo: its Page is connected already, and settings cannot be changed.",
        "這是示範環境：粉絲專頁已連接，無法變更設定。";

    // What went wrong.
    error_unreachable: "The CRM’s server did not answer. What you wrote is kept; try again.",
        "CRM 伺服器沒有回應。您輸入的內容已保留，請再試一次。";
    error_empty: "Write something before sending.", "請先輸入內容再傳送。";
    error_too_long: "A message has at most 2,000 characters. Shorten it, or send it in parts.",
        "一則訊息最多 2,000 個字元，請縮短或分成幾則傳送。";
    error_window_closed: "Meta takes no reply any more: the customer wrote more than seven days ago. Wait until they write again.",
        "Meta 已不接受回覆：顧客上次來訊已超過七天，請等顧客再次來訊。";
    error_not_found: "This is no longer here. Go back to the inbox.", "找不到這項資料，請返回收件匣。";
    error_read_only: "Settings cannot be changed in the demo.", "示範環境無法變更設定。";
    error_other: "The CRM refused this ({code}). Reload the page and try again.",
        "CRM 拒絕了這項操作（{code}），請重新整理頁面後再試一次。";
    error_blank: "Please fill this in.", "請填寫此欄位。";
    error_bad_app_id: "An App ID has digits only.", "應用程式編號只含數字。";
    error_token_refused: "Meta refuses this token. Generate a new one, and check that App Secret and token belong to this app.",
        "Meta 拒絕了這個權杖。請產生新的權杖，並確認密鑰與權杖都屬於這個應用程式。";
    error_not_a_page: "This token does not belong to a Page. A user’s token is not enough: generate one for the Page.",
        "這個權杖不屬於粉絲專頁。使用者權杖不能使用，請產生粉絲專頁的權杖。";
    error_user_token: "This is a person’s token. Paste the token of the Page: Meta lists it next to the Page.",
        "這是使用者的權杖。請貼上粉絲專頁的權杖。";
    error_app_token: "This is the token of an app. Paste the token of the Page.",
        "這是應用程式的權杖。請貼上粉絲專頁的權杖。";
    error_token_of_other_app: "This token belongs to another app. Check the App ID, or generate the token for this app.",
        "這個權杖屬於另一個應用程式。請檢查應用程式編號，或為這個應用程式產生權杖。";
    error_app_mismatch: "App ID and App Secret do not belong together. Copy both from the same app’s basic settings.",
        "應用程式編號與密鑰不相符。請從同一個應用程式的基本設定複製兩者。";
    error_graph_unreachable: "Meta could not be reached. Check this server’s connection to the internet, then try again.",
        "無法連線到 Meta。請檢查這台伺服器的網際網路連線，再試一次。";

    // Keys.
    keys: "Keyboard shortcuts", "鍵盤快速鍵";
    key_search: "Search", "搜尋";
    key_down: "Next customer", "下一位顧客";
    key_up: "Previous customer", "上一位顧客";
    key_open: "Open the conversation; in the answer: send", "開啟對話；輸入回覆時：傳送";
    key_reply: "Write an answer", "輸入回覆";
    key_leave: "Back to the list", "返回清單";
    key_newline: "New line in the answer", "回覆換行";
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    TraditionalChinese,
}

impl Language {
    const ALL: [Self; 2] = [Self::English, Self::TraditionalChinese];

    /// The language for a request: what the `Cookie` header's `lang` says, else what the
    /// `Accept-Language` header prefers, else English.
    pub(crate) fn choose(cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        cookie
            .and_then(Self::from_cookie)
            .or_else(|| accept_language.and_then(Self::from_accept_language))
            .unwrap_or(Self::English)
    }

    /// The language tag, in `<html lang>` and in the cookie.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::TraditionalChinese => "zh-TW",
        }
    }

    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::TraditionalChinese => &TRADITIONAL_CHINESE,
        }
    }

    fn from_cookie(header: &str) -> Option<Self> {
        let code = header
            .split(';')
            .find_map(|pair| pair.trim().strip_prefix("lang="))?;
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }

    /// The first of the languages with the highest weight that is one of ours.
    fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(weight) => weight.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            if let Some(language) = Self::from_tag(tag.trim())
                && weight > best.map_or(0.0, |(highest, _)| highest)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// Any kind of Chinese is nearer to Traditional Chinese than to English.
    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::TraditionalChinese)
        } else if primary.eq_ignore_ascii_case("en") || primary == "*" {
            Some(Self::English)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
