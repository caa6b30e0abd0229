//! Prints the events of webhook bodies, one line per event.
//!
//! `cargo run --no-default-features --example inspect -- body.json …`
//!
//! Without files it reads one body from standard input.
//!
//! The columns are separated by tabs: file, channel, kind, Page, customer, time in milliseconds since
//! 1970, message id, summary. An absent value is `-`. A body without events has the kind `empty`. A body
//! that cannot be read has the kind `malformed`, and the exit status is 1.
//!
//! - `--json` prints the JSON of each event instead.
//! - `--secret-env NAME --signature sha256=…` first checks the signature of each body, with the App
//!   Secret in the environment variable `NAME`. A body with another signature is not printed, and the
//!   exit status is 1.

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
    let arguments = match Arguments::parse(lexopt::Parser::from_env()) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("inspect: {error}");
            return ExitCode::from(2);
        }
    };
    match arguments.print_all(&mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // The reader of the pipe has closed it, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inspect: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Arguments of the command line.
struct Arguments {
    /// Files to read. Empty for standard input.
    files: Vec<PathBuf>,
    /// Whether to print JSON instead of columns.
    as_json: bool,
    /// Verifier and signature. Absent when the signature is not to be checked.
    signed: Option<(Webhook, String)>,
}

impl Arguments {
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
                // Only a handshake needs the verify token, and there is none here.
                let token = VerifyToken::new("none")?;
                Some((Webhook::new(&secret, token), signature))
            }
            _ => return Err("--secret-env and --signature must be given together".into()),
        };
        Ok(Self {
            files,
            as_json,
            signed,
        })
    }

    /// Prints all bodies. Returns whether all of them could be read.
    fn print_all(&self, out: &mut impl Write) -> io::Result<bool> {
        if self.files.is_empty() {
            let mut body = Vec::new();
            io::stdin().read_to_end(&mut body)?;
            return self.print("-", &body, out);
        }
        let mut all_read = true;
        for file in &self.files {
            let name = escaped(&file.to_string_lossy());
            all_read &= match fs::read(file) {
                Ok(body) => self.print(&name, &body, out)?,
                Err(error) => {
                    eprintln!("inspect: {name}: {error}");
                    false
                }
            };
        }
        Ok(all_read)
    }

    /// Prints one body. Returns whether it could be read.
    fn print(&self, file: &str, body: &[u8], out: &mut impl Write) -> io::Result<bool> {
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
    let summary = summary(&event.kind).join(" ");
    [
        Some(event.channel.name().to_owned()),
        Some(kind(event)),
        page,
        customer,
        time,
        mid(&event.kind).map(str::to_owned),
        Some(truncated(summary)),
    ]
    .map(|column| {
        column
            .filter(|text| !text.is_empty())
            .map_or("-".to_owned(), |text| escaped(&text))
    })
}

/// Name of the kind: the member that names it, or `change:` and the field for a change.
fn kind(event: &Event<'_>) -> String {
    let name = event.kind.name();
    match &event.kind {
        Kind::Unrecognized { name: None, .. } => "unrecognized:-".to_owned(),
        Kind::Unrecognized { .. } => format!("unrecognized:{name}"),
        // Older webhooks write this member with a hyphen.
        Kind::PolicyEnforcement(_) if event.raw().contains("\"policy-enforcement\"") => {
            "policy-enforcement".to_owned()
        }
        kind if kind.is_change() && event.channel == Channel::Changes => format!("change:{name}"),
        _ => name.to_owned(),
    }
}

/// Id of the message that the event brings or concerns. `None` for other events.
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

/// Texts that summarize the event, for the last column.
fn summary<'e>(kind: &'e Kind<'_>) -> Vec<&'e str> {
    match kind {
        Kind::Message(message) | Kind::Echo(message) => message_texts(message),
        Kind::MessageEdit(edit) => present([&edit.text]),
        Kind::Postback(postback) => present([&postback.title, &postback.payload]),
        Kind::Reaction(reaction) => {
            present([&reaction.action, &reaction.emoji, &reaction.reaction])
        }
        Kind::Optin(optin) => present([&optin.kind, &optin.status, &optin.title, &optin.payload]),
        Kind::Referral(referral) => referral_texts(referral),
        Kind::AccountLinking(linking) => present([&linking.status]),
        Kind::PassThreadControl(control) | Kind::TakeThreadControl(control) => {
            present([&control.new_owner_app_id, &control.metadata])
        }
        Kind::RequestThreadControl(request) => {
            present([&request.requested_owner_app_id, &request.metadata])
        }
        Kind::AppRoles(roles) => roles.iter().map(|(app, _)| app).collect(),
        Kind::PolicyEnforcement(enforcement) => present([&enforcement.action, &enforcement.reason]),
        Kind::Feedback(feedback) => {
            let questions = feedback.screens.iter().flat_map(|screen| &screen.questions);
            let answers = questions.flat_map(|questions| questions.iter());
            answers
                .flat_map(|(_, answer)| present([&answer.payload]))
                .collect()
        }
        Kind::CustomerInformation(information) => {
            let responses = information
                .screens
                .iter()
                .flat_map(|screen| &screen.responses);
            responses
                .flat_map(|response| present([&response.value]))
                .collect()
        }
        Kind::LeadForm(form) => present([&form.id]),
        Kind::ResponseFeedback(feedback) => present([&feedback.feedback]),
        Kind::Order(order) => {
            let products = order.products.iter();
            let names = products.flat_map(|product| present([&product.name]));
            names.chain(present([&order.note])).collect()
        }
        Kind::Coupon(coupon) => present([&coupon.code, &coupon.payload]),
        Kind::Payment(payment) => present([&payment.payload]),
        Kind::PreCheckout(checkout) => present([&checkout.payload]),
        Kind::CheckoutUpdate(update) => present([&update.payload]),
        Kind::GamePlay(play) => present([&play.game_id, &play.payload]),
        Kind::MessageRequest(answer) => vec![answer],
        Kind::BrandedCamera(camera) => present([&camera.event]),
        Kind::MessageContext(context) => {
            let purchases = context.detections.iter().chain(&context.suggestions);
            purchases
                .flat_map(|purchase| present([&purchase.event_name]))
                .collect()
        }
        Kind::CallPermissionReply(reply) => present([&reply.response]),
        Kind::CallSettings(settings) => present([&settings.call_routing]),
        Kind::Call(call) => present([
            &call.event,
            &call.direction,
            &call.call_status,
            &call.status,
        ]),
        Kind::GroupComment(comment) => present([&comment.message]),
        Kind::InboxLabel(label) => {
            let name = label.label.iter().flat_map(|label| present([&label.name]));
            present([&label.action]).into_iter().chain(name).collect()
        }
        Kind::MarketingMessage(message) => present([&message.error_message]),
        Kind::SubscriberUpload(upload) => present([&upload.status]),
        Kind::TemplateUpdate(update) => {
            let states = update.changes.iter().flat_map(|change| &change.value);
            states
                .flat_map(|state| present([&state.event, &state.name, &state.reason]))
                .collect()
        }
        Kind::BusinessIntegrity(integrity) => present([&integrity.status]),
        Kind::Optout(raw) => vec![raw.as_str()],
        Kind::Change { value, .. } => value.iter().map(|value| value.as_str()).collect(),
        Kind::Unrecognized { reason, .. } => vec![reason],
        _ => Vec::new(),
    }
}

fn message_texts<'e>(message: &'e Message<'_>) -> Vec<&'e str> {
    let mut texts = present([&message.text]);
    texts.extend(
        message
            .quick_reply
            .iter()
            .flat_map(|reply| present([&reply.payload])),
    );
    for attachment in &message.attachments {
        texts.push(attachment.kind_name());
        texts.extend(attachment.any_title().filter(|title| !title.is_empty()));
    }
    texts.extend(
        message
            .referral
            .iter()
            .flat_map(|referral| referral_texts(referral)),
    );
    texts.extend(message.is_deleted.then_some("(unsent)"));
    texts
}

fn referral_texts<'e>(referral: &'e Referral<'_>) -> Vec<&'e str> {
    present([
        &referral.source,
        &referral.kind,
        &referral.reference,
        &referral.ad_id,
    ])
}

/// Returns the texts that are present and not empty.
fn present<'e, const COUNT: usize>(texts: [&'e Option<Text<'_>>; COUNT]) -> Vec<&'e str> {
    let texts = texts.into_iter().filter_map(|text| text.as_deref());
    texts.filter(|text| !text.is_empty()).collect()
}

/// Cuts a text to 100 characters.
fn truncated(text: String) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Escapes tabs, line breaks and characters that control a terminal, because the text is untrusted.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '\t' | '\n' | '\r' => escaped.extend(character.escape_default()),
            _ if controls_terminal(character) => escaped.extend(character.escape_unicode()),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Writes JSON on one line, with the characters that control a terminal escaped.
fn one_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // They can only be between values: within a string, JSON has them escaped.
            '\t' | '\n' | '\r' => line.push(' '),
            _ if controls_terminal(character) => {
                line.push_str(&format!("\\u{:04x}", character as u32))
            }
            _ => line.push(character),
        }
    }
    line
}

/// Whether a character controls a terminal or the direction of the text.
fn controls_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
