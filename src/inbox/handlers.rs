//! Handlers: functions of the host that get each new message, such as a bot or an export.

use std::{
    any::Any,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use super::{Inbox, InboxError, Reply, ReplyError, work::delay};
use crate::{
    change::{Applied, Change, WorkOutcome},
    graph::{
        send::{OutgoingContent, OutgoingMessage},
        within,
    },
    model::{Author, Contact, ContactKey, Message, OutgoingKey, WorkKind, first_16_bytes},
    store::{MessageQuery, MessageStart, fold::WorkKey},
    time::Timestamp,
};

/// A handler may take so long for one message, within the lease of a worker.
const DEADLINE: Duration = Duration::from_secs(60);
const LONGEST_DELAY: Duration = Duration::from_secs(3600);
/// Tries before a message is given up: about three hours.
const MAX_TRIES: u32 = 12;

/// Error of a handler for a message. The inbox calls the handler again later.
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::{HandlerError, IncomingMessage};
///
/// async fn export(incoming: IncomingMessage) -> Result<(), HandlerError> {
///     let text = incoming.message.content.text.ok_or("it has no text")?;
///     println!("{} characters", text.chars().count());
///     Ok(())
/// }
/// # let _ = export;
/// ```
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

type Handling = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

/// A handler with its name.
#[derive(Clone)]
struct Handler {
    name: Arc<str>,
    kind: WorkKind,
    run: Arc<dyn Fn(IncomingMessage) -> Handling + Send + Sync>,
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handler").field(&self.name).finish()
    }
}

/// The handlers of an inbox.
#[derive(Clone, Debug, Default)]
pub(super) struct Handlers(Vec<Handler>);

impl Handlers {
    pub(super) fn kinds(&self) -> impl Iterator<Item = WorkKind> {
        self.0.iter().map(|handler| handler.kind.clone())
    }

    /// Adds work for each handler to a received message.
    pub(super) fn add_work(&self, mut change: Change) -> Change {
        if let Change::Received { work, entry, .. } = &mut change
            && entry.live
        {
            work.extend(self.kinds());
        }
        change
    }
}

/// A new live message, as a handler gets it.
///
/// # Examples
///
/// ```
/// use messenger_crm::graph::send::{OutgoingContent, OutgoingMessage, SenderAction};
/// use messenger_crm::inbox::{HandlerError, IncomingMessage};
///
/// async fn answer(incoming: IncomingMessage) -> Result<(), HandlerError> {
///     let customer = &incoming.contact.key;
///     let typing = SenderAction::typing_on(&customer.psid)?;
///     incoming.inbox().act(&customer.page, &typing).await?;
///
///     incoming.reply_text("I am a program.").await?;
///     incoming.reply(OutgoingContent::Text("We open at nine.".to_owned())).await?;
///     let quoting = OutgoingMessage::text(&customer.psid, "This one?")?;
///     incoming.reply_with(quoting.with_reply_to(incoming.message.id.parse()?)).await?;
///     Ok(())
/// }
/// # let _ = answer;
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct IncomingMessage {
    /// The customer, as the store knows them now.
    pub contact: Contact,
    /// The message, as the store knows it now: with its edits.
    pub message: Message,
    inbox: Inbox,
    handler: Arc<str>,
    now: Timestamp,
    replies: AtomicU32,
}

impl IncomingMessage {
    /// The inbox, for everything but replies to this message.
    pub const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Queues a text as a reply of this handler.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub async fn reply_text(&self, text: impl Into<String>) -> Result<Applied, ReplyError> {
        self.reply(OutgoingContent::Text(text.into())).await
    }

    /// Queues a reply of this handler. A second run of the handler for the same message queues nothing
    /// again: the reply with the same number stands, whatever the words of the second are.
    ///
    /// # Errors
    ///
    /// [`ReplyError`]: nothing was queued.
    pub async fn reply(&self, content: OutgoingContent) -> Result<Applied, ReplyError> {
        self.reply_with(OutgoingMessage::new(&self.contact.key.psid, content)?)
            .await
    }

    /// Queues a whole message, with quick replies or a quote, as a reply of this handler.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub async fn reply_with(&self, message: OutgoingMessage) -> Result<Applied, ReplyError> {
        let number = self.replies.fetch_add(1, Ordering::Relaxed);
        let reply =
            Reply::new(self.key(number), message).with_author(Author::program(&*self.handler));
        self.inbox.reply_to(&self.contact, reply, self.now).await
    }

    /// The same for each run: born with the message, and a hash of handler, message and number.
    fn key(&self, number: u32) -> OutgoingKey {
        let hash = first_16_bytes(&[
            b"handler",
            self.handler.as_bytes(),
            self.message.id.as_bytes(),
            &number.to_be_bytes(),
        ]);
        let mut random = [0; 10];
        random.copy_from_slice(&hash[..10]);
        OutgoingKey::new(self.message.at, random)
    }
}

impl Inbox {
    /// Registers a handler of new messages, under a name that must never change: a bot, an
    /// export to another system, a notification.
    ///
    /// It gets each new live message of a customer at least once, also after a crash, in order within
    /// each conversation. Imported history and replayed events do not reach it. When it fails or
    /// panics, it is called again later; after 12 tries the message is given up for this handler, and
    /// the conversation goes on. It may take a minute for one message. Its replies go out once, however
    /// often it is called.
    ///
    /// California and Germany, among others, require that a program says that it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::inbox::{IncomingMessage, Inbox};
    ///
    /// fn with_greeting(inbox: Inbox) -> Inbox {
    ///     inbox.on_message("greeting", async |incoming: IncomingMessage| {
    ///         incoming.reply_text("This is the automatic assistant. A person answers soon.").await?;
    ///         Ok(())
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn on_message<F, H>(mut self, name: &str, handler: H) -> Self
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
        H: Fn(IncomingMessage) -> F + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.handlers).0.push(Handler {
            name: name.into(),
            kind: WorkKind::handle(name),
            run: Arc::new(move |incoming| Box::pin(handler(incoming))),
        });
        self
    }
}

/// Runs a handler for the message of a work item. A message that is not there any more, because it was
/// erased or unsent, needs nothing.
pub(super) async fn handle(inbox: &Inbox, key: &WorkKey, now: Timestamp) -> Result<(), InboxError> {
    let Some(handler) = inbox.handlers.0.iter().find(|one| one.kind == key.kind) else {
        return Ok(());
    };
    let Some(psid) = &key.psid else {
        return Ok(());
    };
    let contact = ContactKey::new(key.page.clone(), psid.clone());
    let start = MessageStart::Around(key.id.clone());
    let around = MessageQuery::new(contact.clone())
        .with_start(start)
        .with_limit(1);
    let messages = inbox.store.messages(&around).await?.rows;
    let message = messages.into_iter().find(|message| message.id == key.id);
    let (Some(message), Some(contact)) = (message, inbox.store.contact(&contact).await?) else {
        return Ok(());
    };
    if message.unsent_at.is_some() {
        return Ok(());
    }
    let incoming = IncomingMessage {
        contact,
        message,
        inbox: inbox.clone(),
        handler: handler.name.clone(),
        now,
        replies: AtomicU32::new(0),
    };
    let failed = |error: HandlerError| InboxError::Handler {
        name: handler.name.to_string(),
        error,
    };
    let running = run(&*handler.run, incoming);
    match within(inbox.graph.clock(), DEADLINE, running).await {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(failed(error)),
        None => Err(failed("it takes longer than a minute".into())),
    }
}

/// Runs a handler; a panic is an error.
async fn run(
    handler: &(dyn Fn(IncomingMessage) -> Handling + Send + Sync),
    incoming: IncomingMessage,
) -> Result<(), HandlerError> {
    let panicked = |_: Box<dyn Any + Send>| HandlerError::from("it panicked");
    let handling = catch_unwind(AssertUnwindSafe(|| handler(incoming))).map_err(panicked)?;
    let mut handling = pin!(handling);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(Err(panicked(panic))),
        }
    })
    .await
}

/// Outcome of a failed try of a handler.
pub(super) fn outcome(tries: u32, now: Timestamp) -> WorkOutcome {
    let tries = tries.saturating_add(1);
    if tries >= MAX_TRIES {
        return WorkOutcome::GivenUp;
    }
    WorkOutcome::Postponed {
        due: now + delay(tries, LONGEST_DELAY),
        tries,
    }
}
