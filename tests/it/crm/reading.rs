//! JSON for the pages: the list, its search, and the content of a conversation.

use super::*;

const ADA: &str = "7324561089432101";
const BEN: &str = "7324561089432102";

impl Office {
    async fn receive(&self, items: &[Value]) {
        let body = notification(&self.webhook.page, items);
        self.webhook.deliver(&self.crm, &body).await.expect(200);
    }

    /// The list of customers, with more parameters in its query.
    async fn list(&self, more: &str) -> Answered {
        let page = &self.webhook.page;
        let path = format!("/api/customers?page={page}{more}");
        self.crm.get(&path).await
    }

    async fn conversation(&self, psid: &str) -> Vec<Value> {
        let page = &self.webhook.page;
        let path = format!("/api/messages?page={page}&psid={psid}");
        let read = self.crm.get(&path).await.expect(200).json();
        read["messages"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn r11_a_search_finds_customers_by_psid_and_by_what_was_said() {
    let office = Office::open().await;
    let page = &office.webhook.page;
    office
        .receive(&[
            message(page, ADA, "m_1", "Do you have Gaoshan tea?"),
            message(page, ADA, "m_2", "Hello?"),
            message(page, BEN, "m_3", "When do you open?"),
        ])
        .await;

    let found = office.list("&search=GAOSHAN").await.expect(200).json();
    assert_eq!(
        (&found["total"], &found["total_is_exact"]),
        (&json!(1), &json!(true))
    );
    let [ada] = &found["customers"].as_array().unwrap()[..] else {
        panic!("{found}");
    };
    assert_eq!(ada["psid"], ADA);
    assert_eq!(ada["passage"]["text"], "Do you have Gaoshan tea?");
    assert_eq!(ada["last"]["text"], "Hello?");

    let found = office
        .list(&format!("&search={BEN}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&found["total"], &found["total_is_exact"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(found["customers"][0]["psid"], BEN);
    assert_eq!(found["customers"][0]["passage"], Value::Null);

    let found = office.list("&search=nobody").await.expect(200).json();
    assert_eq!(
        (&found["total"], &found["customers"]),
        (&json!(0), &json!([]))
    );
}

#[tokio::test]
async fn n16_a_query_that_no_store_can_answer_is_400() {
    let office = Office::open().await;
    office
        .receive(&[message(&office.webhook.page, ADA, "m_1", "Hello~")])
        .await;
    // An accent without a letter is blank for a search.
    for query in ["&search=%CC%81", "&after=nonsense"] {
        let answer = office.list(query).await.expect(400).json();
        assert_eq!(answer["error"]["code"], "bad_query", "{query}");
    }
}

#[tokio::test]
async fn b16_a_reaction_is_in_the_list_with_its_time_and_makes_nothing_unread() {
    let office = Office::open().await;
    let page = &office.webhook.page;
    office.receive(&[message(page, ADA, "m_1", "Hello~")]).await;
    let mut reaction = message(page, ADA, "m_1", "");
    reaction["message"].take();
    reaction["timestamp"] = json!(util::now() + 5);
    reaction["reaction"] =
        json!({"mid": "m_1", "action": "react", "reaction": "like", "emoji": "👍"});
    office.receive(&[reaction]).await;
    let ada = office.list("").await.expect(200).json()["customers"][0].clone();
    assert_eq!(ada["reaction"]["emoji"], "👍");
    assert_eq!(ada["unread"], 1);
    let at = |value: &Value| value["at"].as_i64().unwrap();
    assert!(at(&ada["reaction"]) > at(&ada["last"]), "{ada}");
}

#[tokio::test]
async fn r14_cards_buttons_positions_and_the_like_sticker_are_in_the_conversation() {
    let office = Office::open().await;
    let page = &office.webhook.page;
    let with = |mid: &str, attachments: Value| {
        let mut item = message(page, ADA, mid, "");
        item["message"] = json!({"mid": mid, "attachments": attachments});
        item
    };
    let like = json!([{"type": "sticker", "payload": {"sticker_id": "369239263222822"}}]);
    let place =
        json!([{"type": "location", "payload": {"coordinates": {"lat": 25.03, "long": 121.56}}}]);
    let button = json!({"type": "postback", "title": "Order", "payload": "ORDER"});
    let cards = json!([{"type": "template", "payload": {
        "template_type": "generic",
        "elements": [{"title": "Oolong", "subtitle": "From spring", "buttons": [button]}],
    }}]);
    let mut echo = with("m_3", cards);
    (echo["sender"]["id"], echo["recipient"]["id"]) = (json!(page), json!(ADA));
    echo["message"]["is_echo"] = json!(true);
    office
        .receive(&[with("m_1", like), with("m_2", place), echo])
        .await;

    let all = office.conversation(ADA).await;
    let of = |mid: &str| all.iter().find(|one| one["id"] == mid).unwrap();
    assert_eq!(of("m_1")["text"], "👍");
    let place = &of("m_2")["attachments"][0];
    assert_eq!(
        place["coordinates"],
        json!({"latitude": "25.03", "longitude": "121.56"})
    );
    let card = &of("m_3")["attachments"][0]["cards"][0];
    assert_eq!(
        (&card["title"], &card["subtitle"]),
        (&json!("Oolong"), &json!("From spring"))
    );
    assert_eq!(card["buttons"][0]["title"], "Order");
}
