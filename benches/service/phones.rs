//! The other side of the soak, in a separate process: Meta, with customers who write and faults.

use std::{
    collections::HashSet,
    io::{BufRead as _, stdin},
    time::{Duration, Instant},
};

use messenger_crm::simulator::{
    AppSetup, Fault, FaultRule, Limits, PageSetup, PersonSetup, ProfileAnswer, Scene, Simulator,
    script::DeliveryOptions,
};
use tokio::time::{sleep_until, timeout};

use crate::{
    host::{APP, PAGE_TOKEN, SECRET, VERIFY_TOKEN},
    world::{Outcome, PAGE, mixed, psid},
};

/// The word by which this program knows that it is the other side.
pub(crate) const CHILD: &str = "phones";
/// Messages of customers in a second.
pub(crate) const RATE: u64 = 67;
/// New customers in a second.
const NEW: u64 = 2;
/// Sends in a second that get a fault: about 5 % of the replies to the messages.
const FAULTS: u32 = 3;
/// Faults of sends, one after the other.
const OF_SENDS: [Fault; 6] = [
    Fault::ServerError,
    Fault::ResetBeforeReading,
    Fault::ResetAfterReading,
    Fault::Garbage,
    Fault::LostAnswer,
    Fault::Slow,
];
/// Time in which the callback must have accepted everything after the last message.
const PATIENCE: Duration = Duration::from_secs(600);

/// Text of the message with this number.
pub(crate) fn text(number: u64) -> String {
    format!("message {number}")
}

/// Writes messages for so long, has them all delivered, and counts what the phones show.
///
/// It prints the URL of the simulator, the number of messages, and the number of replies on the
/// phones with the number of those that are there again. It reads a line before each: the callback
/// URL, and when all replies are sent.
pub(crate) async fn child(time: Duration) -> Outcome {
    let seconds = time.as_secs();
    let people: Vec<String> = (0..=seconds * NEW).map(psid).collect();
    let page = PageSetup::new(PAGE, "Corner Shop").with_token(APP, PAGE_TOKEN);
    let setups = (0..).zip(&people);
    let setups =
        setups.map(|(number, psid): (u64, _)| PersonSetup::new(psid, format!("Person {number}")));
    let scene = Scene::new()
        .with_limits(Limits::none())
        .with_app(AppSetup::new(APP).with_secret(SECRET))
        .with_page(setups.fold(page, PageSetup::with_person));
    let simulator = Simulator::start_scene("127.0.0.1:0".parse()?, scene).await?;
    simulator.set_repeat_speed(20);
    println!("{}", simulator.url());
    let callback = line()?;
    simulator.subscribe(&callback, VERIFY_TOKEN).await?;

    let (begun, step) = (Instant::now(), Duration::from_secs(1) / RATE as u32);
    let count = seconds * RATE;
    for number in 0..count {
        sleep_until((begun + step * number as u32).into()).await;
        let second = number / RATE;
        if number.is_multiple_of(RATE) {
            set_faults(&simulator, second);
        }
        let known = second * NEW + 1;
        let writer = &people[(mixed(number) % known) as usize];
        simulator.write(writer, &text(number))?;
    }
    simulator.clear_faults();
    simulator.set_delivery(DeliveryOptions::default());
    simulator.answer_profiles(ProfileAnswer::Shown);
    timeout(PATIENCE, simulator.delivered()).await?;
    println!("{count}");
    line()?;

    let (mut shown, mut again, mut seen) = (0, 0, HashSet::new());
    for psid in &people {
        for message in simulator.thread(psid)? {
            if message.from_page {
                shown += 1;
                again += u64::from(!seen.insert((psid, message.text)));
            }
        }
    }
    println!("{shown} {again}");
    Ok(())
}

/// A twentieth of the seconds delivers everything twice, another with wrong signatures; in two
/// others Meta shows no profile. In each some sends fail.
fn set_faults(simulator: &Simulator, second: u64) {
    let mut delivery = DeliveryOptions::default();
    match second % 20 {
        3 => delivery.copies = 2,
        9 => delivery.bad_signature = true,
        _ => {}
    }
    simulator.set_delivery(delivery);
    simulator.answer_profiles(match second % 40 {
        14 => ProfileAnswer::Refused,
        17 => ProfileAnswer::Empty,
        34 => ProfileAnswer::Slow,
        _ => ProfileAnswer::Shown,
    });
    simulator.clear_faults();
    let fault = OF_SENDS[(second % OF_SENDS.len() as u64) as usize];
    simulator.add_fault(FaultRule::new(fault).on("/messages").times(FAULTS));
}

/// The next line of the program that started this one.
fn line() -> Outcome<String> {
    let mut line = String::new();
    if stdin().lock().read_line(&mut line)? == 0 {
        return Err("the other process has ended".into());
    }
    Ok(line.trim_end().to_owned())
}
