//! Shows what is in webhook bodies: one line for each event.
//!
//! `cargo run --no-default-features --example inspect -- body.json …`, or a body on standard input
//!
//! The columns, parted by tabs: file, channel, kind, Page, customer, time in milliseconds, message
//! id, and a few words. What is absent is `-`. A body without events is of the kind `empty`, and one
//! that cannot be read `malformed`, which makes the exit status 1.
//!
//! - `--json` prints each event as the library writes it, instead.
//! - `--secret-env NAME --signature sha256=…` first checks the signature of every body by the App
//!   Secret in that variable. What is not signed is not shown, and makes the exit status 1.

use std::{
    env, fs,
    io::{self, Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use messenger_crm::{
    event::{Channel, Event, Kind, Message, Referral},
    secret::{AppSecret, VerifyToken},
    text::Text,
    webhook::{Delivery, ReceiveError, Webhook, parse_unverified},
};

fn main() -> ExitCode {
    let asked = match Asked::parse(lexopt::Parser::from_env()) {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("inspect: {error}");
            return ExitCode::from(2);
        }
    };
    match asked.show_all(&mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever read the lines has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inspect: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
struct Asked {
    files: Vec<PathBuf>,
    as_json: bool,
    /// What checks the signature, and the signature.
    signed: Option<(Webhook, String)>,
}

impl Asked {
    fn parse(mut arguments: lexopt::Parser) -> Result<Self, Box<dyn std::error::Error>> {
        use lexopt::prelude::*;

        let (mut files, mut as_json) = (Vec::new(), false);
        let (mut variable, mut signature) = (None, None);
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("json") => as_json = true,
                Long("secret-env") => variable = Some(arguments.value()?.string()?),
                Long("signature") => signature = Some(arguments.value()?.string()?),
                Value(file) => files.push(file.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        let signed = match (variable, signature) {
            (None, None) => None,
            (Some(variable), Some(signature)) => {
                let secret = env::var(&variable).map_err(|error| format!("{variable}: {error}"))?;
                let secret = AppSecret::new(secret)?;
                // Only a handshake asks for the token, and there is none here.
                let token = VerifyToken::new("none")?;
                Some((Webhook::new(&secret, token), signature))
            }
            _ => return Err("--secret-env and --signature go together".into()),
        };
        Ok(Self {
            files,
            as_json,
            signed,
        })
    }

    /// Whether all could be read.
    fn show_all(&self, out: &mut impl Write) -> io::Result<bool> {
        if self.files.is_empty() {
            let mut body = Vec::new();
            io::stdin().read_to_end(&mut body)?;
            return self.show("-", &body, out);
        }
        let mut is_well = true;
        for file in &self.files {
            let name = plain(&file.to_string_lossy());
            is_well &= match fs::read(file) {
                Ok(body) => self.show(&name, &body, out)?,
                Err(error) => {
                    eprintln!("inspect: {name}: {error}");
                    false
                }
            };
        }
        Ok(is_well)
    }

    /// Whether the body could be read.
    fn show(&self, file: &str, body: &[u8], out: &mut impl Write) -> io::Result<bool> {
        match self.receive(body) {
            Ok(delivery) if self.as_json => {
                for event in &delivery.events {
                    writeln!(out, "{}", one_line(&serde_json::to_string(event)?))?;
                }
                Ok(true)
            }
            Ok(delivery) => {
                if delivery.events.is_empty() {
                    writeln!(out, "{file}\t-\tempty\t-\t-\t-\t-\t-")?;
                }
                for event in &delivery.events {
                    writeln!(out, "{file}\t{}", columns(event).join("\t"))?;
                }
                Ok(true)
            }
            Err(ReceiveError::Envelope(error)) if !self.as_json => {
                writeln!(out, "{file}\t-\tmalformed\t-\t-\t-\t-\t{error}")?;
                Ok(false)
            }
            Err(error) => {
                eprintln!("inspect: {file}: {error}");
                Ok(false)
            }
        }
    }

    fn receive<'a>(&self, body: &'a [u8]) -> Result<Delivery<'a>, ReceiveError> {
        match &self.signed {
            Some((webhook, signature)) => webhook.receive(Some(signature.as_bytes()), body),
            None => Ok(parse_unverified(body)?),
        }
    }
}

fn columns(event: &Event<'_>) -> [String; 7] {
    let page = event.page().map(|page| page.to_string());
    let customer = event.customer().map(|customer| customer.to_string());
    let time = event.happened_at().map(|at| at.as_millis().to_string());
    let words = words(&event.kind).join(" ");
    [
        Some(event.channel.name().to_owned()),
        Some(kind(event)),
        page,
        customer,
        time,
        mid(&event.kind).map(str::to_owned),
        Some(short(words)),
    ]
    .map(|column| {
        column
            .filter(|text| !text.is_empty())
            .map_or("-".to_owned(), |text| plain(&text))
    })
}

/// The member that names the kind; `change:` and the field where no such member does.
fn kind(event: &Event<'_>) -> String {
    let name = event.kind.name();
    match &event.kind {
        Kind::Unrecognized { name: None, .. } => "unrecognized:-".to_owned(),
        Kind::Unrecognized { .. } => format!("unrecognized:{name}"),
        // As Meta wrote it: older webhooks have a hyphen.
        Kind::PolicyEnforcement(_) if event.raw().contains("\"policy-enforcement\"") => {
            "policy-enforcement".to_owned()
        }
        kind if kind.is_change() && event.channel == Channel::Changes => format!("change:{name}"),
        _ => name.to_owned(),
    }
}

/// The message that it is, or that it is about.
fn mid<'e>(kind: &'e Kind<'_>) -> Option<&'e str> {
    match kind {
        Kind::Message(message) | Kind::Echo(message) => message.mid.as_deref(),
        Kind::MessageEdit(edit) => edit.mid.as_deref(),
        Kind::Postback(postback) => postback.mid.as_deref(),
        Kind::Read(receipt) => receipt.mid.as_deref(),
        Kind::Reaction(reaction) => reaction.mid.as_deref(),
        Kind::ResponseFeedback(feedback) => feedback.mid.as_deref(),
        Kind::MarketingMessage(message) => message.mid.as_deref(),
        _ => None,
    }
}

/// What it says, in a few words.
fn words<'e>(kind: &'e Kind<'_>) -> Vec<&'e str> {
    match kind {
        Kind::Message(message) | Kind::Echo(message) => said(message),
        Kind::MessageEdit(edit) => given([&edit.text]),
        Kind::Postback(postback) => given([&postback.title, &postback.payload]),
        Kind::Reaction(reaction) => given([&reaction.action, &reaction.emoji, &reaction.reaction]),
        Kind::Optin(optin) => given([&optin.kind, &optin.status, &optin.title, &optin.payload]),
        Kind::Referral(referral) => came(referral),
        Kind::AccountLinking(linking) => given([&linking.status]),
        Kind::PassThreadControl(control) | Kind::TakeThreadControl(control) => {
            given([&control.new_owner_app_id, &control.metadata])
        }
        Kind::RequestThreadControl(request) => {
            given([&request.requested_owner_app_id, &request.metadata])
        }
        Kind::AppRoles(roles) => roles.iter().map(|(app, _)| app).collect(),
        Kind::PolicyEnforcement(enforcement) => given([&enforcement.action, &enforcement.reason]),
        Kind::Feedback(feedback) => {
            let questions = feedback.screens.iter().flat_map(|screen| &screen.questions);
            let answers = questions.flat_map(|questions| questions.iter());
            answers
                .flat_map(|(_, answer)| given([&answer.payload]))
                .collect()
        }
        Kind::CustomerInformation(information) => {
            let responses = information
                .screens
                .iter()
                .flat_map(|screen| &screen.responses);
            responses
                .flat_map(|response| given([&response.value]))
                .collect()
        }
        Kind::LeadForm(form) => given([&form.id]),
        Kind::ResponseFeedback(feedback) => given([&feedback.feedback]),
        Kind::Order(order) => {
            let products = order.products.iter();
            let names = products.flat_map(|product| given([&product.name]));
            names.chain(given([&order.note])).collect()
        }
        Kind::Coupon(coupon) => given([&coupon.code, &coupon.payload]),
        Kind::Payment(payment) => given([&payment.payload]),
        Kind::PreCheckout(checkout) => given([&checkout.payload]),
        Kind::CheckoutUpdate(update) => given([&update.payload]),
        Kind::GamePlay(play) => given([&play.game_id, &play.payload]),
        Kind::MessageRequest(answer) => vec![answer],
        Kind::BrandedCamera(camera) => given([&camera.event]),
        Kind::MessageContext(context) => {
            let purchases = context.detections.iter().chain(&context.suggestions);
            purchases
                .flat_map(|purchase| given([&purchase.event_name]))
                .collect()
        }
        Kind::CallPermissionReply(reply) => given([&reply.response]),
        Kind::CallSettings(settings) => given([&settings.call_routing]),
        Kind::Call(call) => given([
            &call.event,
            &call.direction,
            &call.call_status,
            &call.status,
        ]),
        Kind::GroupComment(comment) => given([&comment.message]),
        Kind::InboxLabel(label) => {
            let name = label.label.iter().flat_map(|label| given([&label.name]));
            given([&label.action]).into_iter().chain(name).collect()
        }
        Kind::MarketingMessage(message) => given([&message.error_message]),
        Kind::SubscriberUpload(upload) => given([&upload.status]),
        Kind::TemplateUpdate(update) => {
            let states = update.changes.iter().flat_map(|change| &change.value);
            states
                .flat_map(|state| given([&state.event, &state.name, &state.reason]))
                .collect()
        }
        Kind::BusinessIntegrity(integrity) => given([&integrity.status]),
        Kind::Optout(raw) => vec![raw.as_str()],
        Kind::Change { value, .. } => value.iter().map(|value| value.as_str()).collect(),
        Kind::Unrecognized { reason, .. } => vec![reason],
        _ => Vec::new(),
    }
}

fn said<'e>(message: &'e Message<'_>) -> Vec<&'e str> {
    let mut words = given([&message.text]);
    words.extend(
        message
            .quick_reply
            .iter()
            .flat_map(|reply| given([&reply.payload])),
    );
    for attachment in &message.attachments {
        words.push(attachment.kind_name());
        words.extend(attachment.any_title().filter(|title| !title.is_empty()));
    }
    words.extend(message.referral.iter().flat_map(|referral| came(referral)));
    words.extend(message.is_deleted.then_some("(unsent)"));
    words
}

fn came<'e>(referral: &'e Referral<'_>) -> Vec<&'e str> {
    given([
        &referral.source,
        &referral.kind,
        &referral.reference,
        &referral.ad_id,
    ])
}

/// The texts that are there and say something.
fn given<'e, const COUNT: usize>(texts: [&'e Option<Text<'_>>; COUNT]) -> Vec<&'e str> {
    let texts = texts.into_iter().filter_map(|text| text.as_deref());
    texts.filter(|text| !text.is_empty()).collect()
}

/// Its beginning.
fn short(text: String) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What no column and no terminal takes amiss: whoever wrote the text may be anybody.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '\t' | '\n' | '\r' => plain.extend(character.escape_default()),
            _ if is_command(character) => plain.extend(character.escape_unicode()),
            _ => plain.push(character),
        }
    }
    plain
}

/// JSON on one line, with no character that a terminal would obey.
fn one_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // They stand between values: within a string JSON has them escaped.
            '\t' | '\n' | '\r' => line.push(' '),
            _ if is_command(character) => line.push_str(&format!("\\u{:04x}", character as u32)),
            _ => line.push(character),
        }
    }
    line
}

/// Whether a terminal does something else with it than to show it; such as to turn the direction.
fn is_command(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
