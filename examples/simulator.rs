//! Messenger on this machine, from the command line: run it, trigger and replay webhooks, see what a
//! program asks of the Graph API, and break things.
//!
//!     cargo run --example simulator --features simulator -- --help

use std::env;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lexopt::{Arg, Parser, ValueExt as _};
use messenger_crm::simulator::script::replay::Recording;
use messenger_crm::simulator::script::{
    Delivered, DeliveryOptions, Override, Sender, kinds, trigger,
};
use messenger_crm::simulator::{Fault, FaultRule, GraphRequest, Limits, Scene, Simulator};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

const USAGE: &str = "\
Messenger on this machine. It listens and connects to loopback addresses only.

usage: simulator [run] [OPTIONS]          phones and Graph API; the page in the browser is the phone
       simulator trigger KIND [OPTIONS]   post one signed event to a webhook
       simulator replay FILE... [OPTIONS] post recorded bodies to a webhook ('-' reads standard input)
       simulator listen [OPTIONS]         print what a program asks of a running simulator's Graph API
       simulator fault KIND [OPTIONS]     break the Graph API of a running simulator; 'none' mends all
       simulator fault webhooks [OPTIONS] deliver its webhooks late, twice, joined, shuffled or wrongly
                                          signed; without options as usual
       simulator limit NAME=NUMBER...     change the rate limits of a running simulator; 0 for none
       simulator advance SECONDS          move the time of a running simulator forward

First steps:
  simulator run --callback-url http://localhost:3000/webhook --verify-token my-token
      Open the printed address, write as a customer, and see your program answer.
  export APP_SECRET=...                   the App Secret that your program checks signatures with
  simulator trigger message --callback-url http://localhost:3000/webhook \\
      --override message.text='Do you deliver?' --override sender.id=42
  simulator trigger --list                all event kinds
  simulator trigger message --print       the body, not posted

run:
  --listen ADDRESS       loopback address and port (127.0.0.1:4040; port 0 takes a free one)
  --callback-url URL     verify this webhook at once, waiting up to 60 seconds for it
  --verify-token TOKEN   the verify token to do so with
  --seed NUMBER          draw ids, tokens and secrets from this seed: they can be guessed
  --print-credentials    print the App Secret and the Page token, too
  --no-proof             do not require appsecret_proof, for clients that cannot send one
  --sha1                 sign with the legacy header X-Hub-Signature, too, for old receivers
  --limit NAME=NUMBER    change a rate limit from Meta's; 0 for none (repeatable)
  --repeat-speed NUMBER  repeat failed webhooks so many times faster than Meta, which repeats at once,
                         after a minute, and then ever more slowly

trigger and replay:
  --callback-url URL     where to post; http, on this machine
  --secret-env NAME      environment variable with the App Secret (APP_SECRET)
  --override PATH=VALUE  change the event before it is signed (trigger only; repeatable). A path with a
                         leading slash begins at the body: /entry.0.id=42. An empty value removes.
  --print                print the body and do not post it (trigger only)
  --list                 print all event kinds (trigger only)
  --speed FACTOR         keep the pauses of the recording, divided by FACTOR (replay only; by default
                         there are none)

trigger, replay and fault webhooks:
  --copies NUMBER        post each body so often            --shuffle [--seed NUMBER]  in another order
  --batch NUMBER         join up to so many entries         --delay SECONDS  pause before each body
  --bad-signature        sign wrongly                       --sha1  add the legacy signature, too
  A running simulator collects webhooks for the delay, but at least for a second, to join or shuffle
  them. --repeat-speed changes its repeats.

limits: page_calls (24 hours)  app_calls (an hour)  texts, media, conversations (a second)
        messenger_profile, user_settings (ten minutes)  private_replies (an hour)

listen, fault, limit and advance:
  --at URL               the running simulator (http://127.0.0.1:4040)
  --path TEXT            only calls whose path contains TEXT, such as /messages
  --times NUMBER         fault: so many calls only.  listen: end after so many requests
  fault kinds: server_error throttled app_throttled slow reset_before_reading reset_after_reading
               garbage lost_answer

  --json                 one JSON object a line instead of words

Exit status: 0 when all went well; 1 when a webhook did not answer 200 or something could not be done;
2 when the command line is wrong.";

/// How long a callback may take to come up.
const START_UP: Duration = Duration::from_secs(60);

struct Options {
    words: Vec<String>,
    listen: SocketAddr,
    callback_url: Option<String>,
    verify_token: Option<String>,
    seed: Option<u64>,
    print_credentials: bool,
    no_proof: bool,
    secret_env: String,
    overrides: Vec<Override>,
    print: bool,
    list: bool,
    speed: f64,
    delivery: DeliveryOptions,
    at: String,
    path: Option<String>,
    times: Option<u32>,
    repeat_speed: Option<u32>,
    limits: Map<String, Value>,
    json: bool,
}

/// Reason for an exit status other than 0.
enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// Something could not be done.
    Other(String),
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

fn other(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::Other(format!("{what}: {error}"))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure::Usage(reason)) => {
            eprintln!("simulator: {reason}\nTry --help.");
            ExitCode::from(2)
        }
        Err(Failure::Other(reason)) => {
            eprintln!("simulator: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all went well.
async fn run() -> Result<bool, Failure> {
    let Some(options) = options()? else {
        println!("{USAGE}");
        return Ok(true);
    };
    let mut words = options.words.iter().map(String::as_str);
    let command = words.next().unwrap_or("run");
    let rest: Vec<&str> = words.collect();
    match (command, rest.as_slice()) {
        ("run", []) => simulate(&options).await,
        ("trigger", []) if options.list => {
            list(options.json);
            Ok(true)
        }
        ("trigger", [kind]) => trigger_one(kind, &options).await,
        ("replay", files @ [_, ..]) => replay(files, &options).await,
        ("listen", []) => listen(&options).await,
        ("limit", limits @ [_, ..]) => {
            let named: Result<_, _> = limits.iter().map(|text| named_limit(text)).collect();
            control(&options, "POST", "limits", &Value::Object(named?)).await?;
            Ok(true)
        }
        ("fault", ["webhooks"]) => fault_webhooks(&options).await,
        ("fault", [kind]) => fault(kind, &options).await,
        ("advance", [seconds]) => {
            let wrong = |_| Failure::Usage("advance needs a number of seconds".to_owned());
            let seconds: u64 = seconds.parse().map_err(wrong)?;
            let body = json!({"advance_ms": seconds.saturating_mul(1000)});
            control(&options, "POST", "time", &body).await?;
            Ok(true)
        }
        (command, _) => Err(Failure::Usage(format!(
            "{command} is no command, or has too few or too many words after it"
        ))),
    }
}

// run

async fn simulate(options: &Options) -> Result<bool, Failure> {
    let mut stopped = pin!(stopped().map_err(|error| other("cannot listen for signals", error))?);
    let mut limits = json!(Limits::default());
    for (name, limit) in &options.limits {
        limits[name] = limit.clone();
    }
    let limits: Limits =
        serde_json::from_value(limits).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut scene = Scene::default().with_limits(limits);
    if let Some(seed) = options.seed {
        scene = scene.with_seed(seed);
    }
    let simulator = Simulator::start_scene(options.listen, scene)
        .await
        .map_err(|error| other(&format!("cannot listen on {}", options.listen), error))?;
    simulator.set_proof_required(!options.no_proof);
    simulator.set_sha1(options.delivery.with_sha1);
    simulator.set_repeat_speed(options.repeat_speed.unwrap_or(1));
    introduce(&simulator, options);
    match (&options.callback_url, &options.verify_token) {
        (None, None) => {}
        (Some(url), Some(token)) => {
            tokio::select! {
                subscribed = subscribe(&simulator, url, token) => subscribed?,
                () = &mut stopped => return Ok(true),
            }
            if options.json {
                println!("{}", json!({"verified": url}));
            } else {
                println!("Webhook    {url} verified");
            }
        }
        _ => {
            let words = "--callback-url and --verify-token go together";
            return Err(Failure::Usage(words.to_owned()));
        }
    }
    stopped.await;
    simulator.shutdown().await;
    Ok(true)
}

/// Ctrl-C, and what service managers send; heard from the call on, not from the await.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn introduce(simulator: &Simulator, options: &Options) {
    let (url, app) = (simulator.url(), simulator.app());
    if options.json {
        let mut ready = json!({"url": url, "app_id": app.app_id, "page_id": app.page_id});
        if options.print_credentials {
            ready["app_secret"] = json!(app.app_secret);
            ready["page_token"] = json!(app.page_token);
            ready["user_token"] = json!(app.user_token);
        }
        println!("{ready}");
        return;
    }
    println!("Phone      {url}");
    println!("Graph      {url}");
    println!("App ID     {}", app.app_id);
    println!("Page ID    {}", app.page_id);
    if options.print_credentials {
        println!("App Secret {}", app.app_secret);
        println!("Page token {}", app.page_token);
    } else {
        println!("The App Secret and the Page token are on the phone's page.");
    }
}

/// Verifies the callback, giving a program that starts at the same time a while.
async fn subscribe(simulator: &Simulator, url: &str, token: &str) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        let refusal = match simulator.subscribe(url, token).await {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        if !refusal.is_temporary() || started.elapsed() > START_UP {
            return Err(other(&format!("cannot subscribe {url}"), refusal));
        }
        sleep(Duration::from_millis(250)).await;
    }
}

// trigger and replay

fn list(as_json: bool) {
    for kind in kinds() {
        let (name, field, meaning) = (kind.name, kind.field, kind.meaning);
        if as_json {
            println!(
                "{}",
                json!({"kind": name, "field": field, "meaning": meaning})
            );
        } else {
            println!("{name:<44} {meaning}");
        }
    }
}

async fn trigger_one(kind: &str, options: &Options) -> Result<bool, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let body = trigger(kind, &options.overrides, now);
    let body = body.map_err(|error| Failure::Usage(error.to_string()))?;
    if options.print {
        println!("{}", String::from_utf8_lossy(&Sender::encode(&body)));
        return Ok(true);
    }
    let sender = sender(options)?;
    let bodies = [Sender::encode(&body)];
    let outcomes = sender.deliver(&bodies, &options.delivery).await;
    Ok(report(&outcomes, &[kind], options))
}

async fn replay(files: &[&str], options: &Options) -> Result<bool, Failure> {
    let sender = sender(options)?;
    let mut recording = Recording::new();
    // The file of each body.
    let mut names = Vec::new();
    for file in files {
        let content = match *file {
            "-" => {
                let mut content = Vec::new();
                let read = io::stdin().read_to_end(&mut content);
                read.map(|_| content)
            }
            file => std::fs::read(file),
        };
        let content = content.map_err(|error| other(&format!("cannot read {file}"), error))?;
        let added = recording.add(&content);
        added.map_err(|error| other(&format!("cannot replay {file}"), error))?;
        names.resize(recording.bodies().len(), *file);
    }
    let outcomes = recording
        .play(&sender, options.speed, &options.delivery)
        .await;
    Ok(report(&outcomes, &names, options))
}

fn sender(options: &Options) -> Result<Sender, Failure> {
    let name = &options.secret_env;
    let missing = || Failure::Usage(format!("the environment variable {name} is not set"));
    let secret = env::var(name).map_err(|_| missing())?;
    let missing = || Failure::Usage("--callback-url is missing".to_owned());
    let url = options.callback_url.as_deref().ok_or_else(missing)?;
    Sender::new(url, secret).map_err(|error| Failure::Usage(error.to_string()))
}

/// Prints what became of the bodies. Returns whether all were accepted.
fn report(outcomes: &[Delivered], names: &[&str], options: &Options) -> bool {
    for outcome in outcomes {
        let name = names.get(outcome.number).copied().unwrap_or_default();
        if options.json {
            let (status, error) = (outcome.status, &outcome.error);
            println!(
                "{}",
                json!({"body": name, "status": status, "error": error})
            );
        } else {
            let status = outcome.status.map(|status| status.to_string());
            let words = status.or(outcome.error.clone()).unwrap_or_default();
            println!("{name} {words}");
        }
    }
    let accepted = outcomes
        .iter()
        .filter(|outcome| outcome.is_accepted())
        .count();
    if !options.json && outcomes.len() > 1 {
        println!("{accepted} of {} answered 200", outcomes.len());
    }
    accepted == outcomes.len()
}

// listen, fault, advance

async fn listen(options: &Options) -> Result<bool, Failure> {
    let mut after = 0;
    let mut left = options.times;
    loop {
        let route = format!("requests?after={after}");
        let news = control(options, "GET", &route, &Value::Null).await?;
        let requests: Vec<GraphRequest> = serde_json::from_value(news["requests"].clone())
            .map_err(|error| other("the simulator's answer cannot be read", error))?;
        for request in requests {
            after = request.number;
            let is_wanted = options.path.as_ref();
            if !is_wanted.is_none_or(|path| request.path.contains(path.as_str())) {
                continue;
            }
            print(&request, options.json);
            if let Some(left) = &mut left {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Ok(true);
                }
            }
        }
    }
}

fn print(request: &GraphRequest, as_json: bool) {
    if as_json {
        println!("{}", json!(request));
        return;
    }
    let code = match (request.code, request.subcode) {
        (Some(code), Some(subcode)) => format!(" {code}/{subcode}"),
        (Some(code), None) => format!(" {code}"),
        _ => String::new(),
    };
    let (method, path, status) = (&request.method, &request.path, request.status);
    println!("{status}{code} {method} /{path} {}", request.parameters);
}

async fn fault(kind: &str, options: &Options) -> Result<bool, Failure> {
    if kind == "none" {
        control(options, "DELETE", "faults", &Value::Null).await?;
        control(options, "DELETE", "webhooks", &Value::Null).await?;
        return Ok(true);
    }
    let fault: Fault = serde_json::from_value(json!(kind))
        .map_err(|_| Failure::Usage(format!("there is no fault {kind}")))?;
    let mut rule = FaultRule::new(fault);
    if let Some(path) = &options.path {
        rule = rule.on(path);
    }
    if let Some(times) = options.times {
        rule = rule.times(times);
    }
    control(options, "POST", "faults", &json!(rule)).await?;
    Ok(true)
}

async fn fault_webhooks(options: &Options) -> Result<bool, Failure> {
    let delivery = &options.delivery;
    let delay = u64::try_from(delivery.delay.as_millis()).unwrap_or(u64::MAX);
    let body = json!({
        "copies": delivery.copies, "shuffle": delivery.shuffle, "seed": delivery.seed,
        "batch": delivery.batch, "delay_ms": delay, "bad_signature": delivery.bad_signature,
        "sha1": delivery.with_sha1, "repeat_speed": options.repeat_speed,
    });
    control(options, "POST", "webhooks", &body).await?;
    Ok(true)
}

/// Reads `NAME=NUMBER`.
fn named_limit(text: &str) -> Result<(String, Value), Failure> {
    let wrong = || Failure::Usage("a limit is NAME=NUMBER, such as page_calls=100".to_owned());
    let (name, number) = text.split_once('=').ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    Ok((name.to_owned(), json!(number)))
}

/// Asks the control API of a running simulator.
async fn control(
    options: &Options,
    method: &str,
    route: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let url = format!("{}/control/{route}", options.at.trim_end_matches('/'));
    let unreachable = |error| {
        other(
            &format!("the simulator at {} does not answer", options.at),
            error,
        )
    };
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.map_err(unreachable)?;
    let request = match method {
        "GET" => client.get(&url),
        "DELETE" => client.delete(&url),
        _ => client.post(&url),
    };
    let request = request.header("content-type", "application/json");
    let response = request
        .body(body.to_string())
        .send()
        .await
        .map_err(unreachable)?;
    let status = response.status();
    let text = response.text().await.map_err(unreachable)?;
    if !status.is_success() {
        return Err(other("the simulator refused", text));
    }
    serde_json::from_str(&text)
        .map_err(|error| other("the simulator's answer cannot be read", error))
}

/// `None` when only the usage is asked for.
fn options() -> Result<Option<Options>, Failure> {
    let mut options = Options {
        words: Vec::new(),
        listen: SocketAddr::from(([127, 0, 0, 1], 4040)),
        callback_url: None,
        verify_token: None,
        seed: None,
        print_credentials: false,
        no_proof: false,
        secret_env: "APP_SECRET".to_owned(),
        overrides: Vec::new(),
        print: false,
        list: false,
        speed: 0.0,
        delivery: DeliveryOptions::default(),
        at: "http://127.0.0.1:4040".to_owned(),
        path: None,
        times: None,
        repeat_speed: None,
        limits: Map::new(),
        json: false,
    };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        let delivery = &mut options.delivery;
        match argument {
            Arg::Value(word) => options.words.push(word.string()?),
            Arg::Long("listen") => options.listen = arguments.value()?.parse()?,
            Arg::Long("callback-url") => {
                options.callback_url = Some(arguments.value()?.string()?);
            }
            Arg::Long("verify-token") => {
                options.verify_token = Some(arguments.value()?.string()?);
            }
            Arg::Long("seed") => {
                let seed = arguments.value()?.parse()?;
                options.seed = Some(seed);
                delivery.seed = seed;
            }
            Arg::Long("print-credentials") => options.print_credentials = true,
            Arg::Long("no-proof") => options.no_proof = true,
            Arg::Long("secret-env") => options.secret_env = arguments.value()?.string()?,
            Arg::Long("override") => options.overrides.push(arguments.value()?.parse()?),
            Arg::Long("print") => options.print = true,
            Arg::Long("list") => options.list = true,
            Arg::Long("speed") => options.speed = arguments.value()?.parse()?,
            Arg::Long("copies") => delivery.copies = arguments.value()?.parse()?,
            Arg::Long("shuffle") => delivery.shuffle = true,
            Arg::Long("batch") => delivery.batch = arguments.value()?.parse()?,
            Arg::Long("delay") => {
                let seconds = arguments.value()?.parse()?;
                delivery.delay = Duration::try_from_secs_f64(seconds)
                    .map_err(|_| lexopt::Error::from("--delay is no number of seconds"))?;
            }
            Arg::Long("bad-signature") => delivery.bad_signature = true,
            Arg::Long("sha1") => delivery.with_sha1 = true,
            Arg::Long("at") => options.at = arguments.value()?.string()?,
            Arg::Long("path") => options.path = Some(arguments.value()?.string()?),
            Arg::Long("times") => options.times = Some(arguments.value()?.parse()?),
            Arg::Long("limit") => {
                let (name, number) = named_limit(&arguments.value()?.string()?)?;
                options.limits.insert(name, number);
            }
            Arg::Long("repeat-speed") => {
                options.repeat_speed = Some(arguments.value()?.parse()?);
            }
            Arg::Long("json") => options.json = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(Some(options))
}
