//! The example `bot`, killed while it handles and sends: at most one reply to each message, and every
//! message without a delivered reply has a reply in the store with its state.

use std::collections::BTreeMap;
use std::process::Command;

use messenger_crm::model::{ContactKey, Message, MessageState, Side};
use messenger_crm::simulator::{Fault, FaultRule, Simulator};
use messenger_crm::store::{ContactStore, MessageQuery, MessageStart, SqliteStore};
use tokio::time::timeout;

use super::*;
use crate::example::binary;
use crate::util::Process;

const VERIFY_TOKEN: &str = "of the bot";

struct Bot {
    folder: Folder,
    simulator: Simulator,
}

impl Bot {
    async fn start(&self) -> Process {
        let app = self.simulator.app();
        let mut command = Command::new(binary("bot"));
        command
            .env("APP_ID", &app.app_id)
            .env("APP_SECRET", &app.app_secret)
            .env("PAGE_ID", &app.page_id)
            .env("PAGE_TOKEN", &app.page_token)
            .env("VERIFY_TOKEN", VERIFY_TOKEN)
            .env("DATABASE", self.folder.database())
            .env("GRAPH_URL", self.simulator.url())
            .env("LISTEN", "127.0.0.1:0");
        let mut process = Process::start(&mut command);
        let address = process.address("bot").await;
        let address = address.unwrap_or_else(|reason| panic!("{reason}"));
        self.simulator
            .subscribe(&address, VERIFY_TOKEN)
            .await
            .unwrap();
        process
    }

    async fn is_sending(&self) -> bool {
        let stored = self.stored().await;
        let mut states = stored.iter().map(|one| one.state);
        states.any(|state| state == Some(MessageState::Sending))
    }

    async fn stored(&self) -> Vec<Message> {
        let store = SqliteStore::open(self.folder.database()).unwrap();
        let mut messages = Vec::new();
        for person in Simulator::people() {
            let page = self.simulator.app().page_id.parse().unwrap();
            let key = ContactKey::new(page, person.psid.parse().unwrap());
            let mut query = MessageQuery::new(key);
            loop {
                let listed = store.messages(&query).await.unwrap();
                messages.extend(listed.rows);
                match listed.next {
                    Some(cursor) => query.start = MessageStart::OlderThan(cursor),
                    None => break,
                }
            }
        }
        messages
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r20_i4_f3_f4_a_bot_that_is_killed_replies_at_most_once_and_says_why_not() {
    let kills = from_environment("CRASH_KILLS").unwrap_or(30);
    let seed = from_environment("CRASH_SEED").unwrap_or_else(util::now);
    println!("CRASH_SEED={seed} CRASH_KILLS={kills}");
    let mut dice = Dice::new(seed);
    let bot = Bot {
        folder: Folder::new(),
        simulator: Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap(),
    };
    // A webhook that failed twice comes again after a second, not after a minute.
    bot.simulator.set_repeat_speed(60);
    let people = Simulator::people();
    let mut process = bot.start().await;
    let mut written = 0;
    for round in 0..kills {
        // In every second round a send is in flight at the kill: Meta takes ten seconds for it.
        let is_in_flight = round % 2 == 0;
        if is_in_flight {
            let late = FaultRule::new(Fault::Slow).on("/messages").times(1);
            bot.simulator.add_fault(late);
        }
        for _ in 0..6 {
            let who = people[dice.below(people.len() as u64) as usize].psid;
            let text = format!("message {written}.");
            bot.simulator.write(who, &text).unwrap();
            written += 1;
            sleep(Duration::from_millis(dice.below(12))).await;
        }
        if is_in_flight {
            let begun = timeout(SOON, async {
                while !bot.is_sending().await {
                    sleep(Duration::from_millis(5)).await;
                }
            });
            begun.await.expect("the bot sends");
        }
        sleep(Duration::from_millis(dice.below(150))).await;
        process.kill();
        bot.simulator.clear_faults();
        println!("round {round}: killed");
        process = bot.start().await;
    }
    let delivered = timeout(SOON * 4, bot.simulator.delivered()).await;
    delivered.expect("the bot takes all webhooks");
    // Until every message has a reply whose fate is known.
    let begun = Instant::now();
    loop {
        let stored = bot.stored().await;
        let open = stored.iter().filter(|one| {
            matches!(
                one.state,
                Some(MessageState::Queued | MessageState::Sending)
            )
        });
        let replies = stored.iter().filter(|one| one.side == Side::Page).count();
        if open.count() == 0 && replies >= written {
            break;
        }
        assert!(
            begun.elapsed() < SOON * 12,
            "{replies} replies to {written}"
        );
        sleep(Duration::from_millis(100)).await;
    }
    process.kill();

    let stored = bot.stored().await;
    let mut replies: BTreeMap<String, Vec<&Message>> = BTreeMap::new();
    for one in stored.iter().filter(|one| one.side == Side::Page) {
        let text = one.content.text.clone().unwrap();
        replies.entry(text).or_default().push(one);
    }
    let mut on_phones: BTreeMap<String, usize> = BTreeMap::new();
    for person in people {
        for one in bot.simulator.thread(person.psid).unwrap() {
            if let Some(text) = one.text.filter(|text| text.starts_with("I am a program")) {
                *on_phones.entry(text).or_default() += 1;
            }
        }
    }
    let mut unknown = 0;
    for number in 0..written {
        let text = format!("I am a program. You wrote: message {number}.");
        let arrived = on_phones.get(&text).copied().unwrap_or(0);
        assert!(arrived <= 1, "message {number} has {arrived} replies");
        let rows = &replies[&text];
        assert_eq!(rows.len(), 1, "message {number}: {rows:?}");
        let state = rows[0].state.unwrap();
        match state {
            MessageState::Sent | MessageState::Delivered | MessageState::Read => {
                assert_eq!(arrived, 1, "message {number} is shown as {state:?}");
            }
            MessageState::Unknown => unknown += 1,
            MessageState::Failed => assert!(rows[0].reason.is_some() && arrived == 0),
            state => panic!("message {number}: {state:?}"),
        }
    }
    assert!(unknown > 0, "no kill came while a reply was sent");
    println!("{written} messages, {kills} kills, {unknown} replies whose outcome is unknown");
    bot.simulator.shutdown().await;
}
