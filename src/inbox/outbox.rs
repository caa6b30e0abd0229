//! Replies: queued, sent again, withdrawn.

use std::time::Duration;

use super::{
    Inbox, ReplyWindow, outgoing,
    window::{self, Barred},
};
use crate::{
    change::{Applied, Change, SendOutcome},
    graph::{
        InvalidMessage,
        send::{OutgoingMessage, Recipient, SenderAction, action},
    },
    id::{PageId, Psid},
    model::{Author, Contact, ContactKey, OutgoingKey},
    store::StoreError,
    time::Timestamp,
};

/// A reply to queue: the whole of a message that can be sent to a customer.
///
/// # Examples
///
/// ```
/// use messenger_crm::graph::send::{OutgoingMessage, OutgoingQuickReply};
/// use messenger_crm::inbox::Reply;
/// use messenger_crm::model::{Author, OutgoingKey};
/// use messenger_crm::{Psid, Timestamp};
///
/// let now = Timestamp::from(std::time::SystemTime::now());
/// let customer = Psid::new("7324561089432101")?;
/// let message = OutgoingMessage::text(&customer, "Is Tuesday all right?")?
///     .with_quick_replies(vec![OutgoingQuickReply::text("Yes", "YES")])?;
/// let key = OutgoingKey::new(now, [7; 10]); // random bytes, made by the page of the agent
/// let reply = Reply::new(key, message).with_author(Author::agent("ada@tea.example"));
/// # let _ = reply;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply {
    /// Key of the reply: the same key again is the same reply.
    pub key: OutgoingKey,
    /// The message, to a PSID.
    pub message: OutgoingMessage,
    /// Agent or program that wrote it; `None` when the host does not say, which counts as a person.
    pub author: Option<Author>,
    /// Latest time to send it. `None`: the end of the window for a person, an hour for a program. A
    /// later time than that counts only when the reply is confirmed.
    pub latest: Option<Timestamp>,
    /// Whether a person has confirmed that Meta may refuse it: see [`ReplyWindow::Maybe`].
    pub is_confirmed: bool,
}

impl Reply {
    /// Creates a reply without an author.
    pub const fn new(key: OutgoingKey, message: OutgoingMessage) -> Self {
        Self {
            key,
            message,
            author: None,
            latest: None,
            is_confirmed: false,
        }
    }

    /// Sets the author.
    ///
    /// # Examples
    ///
    /// ```
    /// # use messenger_crm::{Psid, Timestamp, graph::send::OutgoingMessage, inbox::Reply, model::OutgoingKey};
    /// # let psid: Psid = "7324561089432101".parse()?;
    /// # let now = Timestamp::from(std::time::SystemTime::now());
    /// # let reply = Reply::new(OutgoingKey::new(now, [7; 10]), OutgoingMessage::text(&psid, "Yes.")?);
    /// use messenger_crm::model::Author;
    ///
    /// let reply = reply.with_author(Author::agent("ada@tea.example"));
    /// # let _ = reply;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_author(self, author: Author) -> Self {
        let author = Some(author);
        Self { author, ..self }
    }

    /// Sets the latest time to send it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use messenger_crm::{Psid, Timestamp, graph::send::OutgoingMessage, inbox::Reply, model::OutgoingKey};
    /// # let psid: Psid = "7324561089432101".parse()?;
    /// # let now = Timestamp::from(std::time::SystemTime::now());
    /// # let reply = Reply::new(OutgoingKey::new(now, [7; 10]), OutgoingMessage::text(&psid, "Yes.")?);
    /// use std::time::Duration;
    ///
    /// let reply = reply.with_latest(now + Duration::from_secs(600)); // afterwards it helps nobody
    /// # let _ = reply;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_latest(self, latest: Timestamp) -> Self {
        let latest = Some(latest);
        Self { latest, ..self }
    }

    /// Says that a person has confirmed that Meta may refuse it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use messenger_crm::{Psid, Timestamp, graph::send::OutgoingMessage, inbox::Reply, model::OutgoingKey};
    /// # let psid: Psid = "7324561089432101".parse()?;
    /// # let now = Timestamp::from(std::time::SystemTime::now());
    /// # let reply = Reply::new(OutgoingKey::new(now, [7; 10]), OutgoingMessage::text(&psid, "Yes.")?);
    /// let reply = reply.confirmed(); // the agent pressed "Send anyway"
    /// assert!(reply.is_confirmed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn confirmed(self) -> Self {
        let is_confirmed = true;
        Self {
            is_confirmed,
            ..self
        }
    }
}

/// Error for a reply that was not queued.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, ada, now| {
/// let late = now + Duration::from_secs(30 * 3600);
/// let message = OutgoingMessage::text(&ada.psid, "Still interested?")?;
/// let reply = Reply::new(OutgoingKey::new(late, [7; 10]), message);
/// let error = inbox.reply(&ada.page, reply.clone(), late).await.unwrap_err();
/// assert!(matches!(error, ReplyError::NeedsConfirmation { .. }));
/// inbox.reply(&ada.page, reply.confirmed(), late).await?;
/// # Ok(())
/// # }) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Nobody with this id has written to this Page.
    #[error("there is no such customer")]
    NoSuchCustomer,
    /// The recipient is no PSID: send such a message with
    /// [`PageClient::send`](crate::graph::PageClient::send).
    #[error("only a message to a PSID can be queued")]
    NotAPsid,
    /// The conversation has no reply with this key that can be sent again or withdrawn.
    #[error("there is no such reply, or it cannot be sent again")]
    NoSuchReply,
    /// Meta may refuse it: a person has to [confirm](Reply::confirmed) it first.
    #[error("the messaging window may be closed: a person has to confirm")]
    NeedsConfirmation {
        /// The window.
        window: ReplyWindow,
    },
    /// Meta would not take it now.
    #[error("the messaging window is closed")]
    WindowClosed {
        /// The window.
        window: ReplyWindow,
    },
    /// Another reply has this key. Nothing of the new one was kept.
    #[error("another reply has this key")]
    Conflict,
    /// Meta would not take it.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inbox {
    /// Stores a reply as queued; the [workers](Inbox::step) send it. The same reply twice is one.
    ///
    /// A reply that was certainly not sent is tried again until its latest time. After that time it
    /// fails with [`Advice::Expired`](crate::graph::Advice::Expired), and a person can
    /// [send it again](Self::send_again).
    ///
    /// # Errors
    ///
    /// [`ReplyError`]: nothing was queued.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let message = OutgoingMessage::text(&ada.psid, "Hello! What would you like?")?;
    /// let key = OutgoingKey::new(now, [7; 10]); // made by the page of the agent, random
    /// inbox.reply(&ada.page, Reply::new(key, message), now).await?;
    ///
    /// while inbox.step(now, WorkerId::new(1)).await? == Step::Worked {} // or `Inbox::run`
    /// let conversation = inbox.store().messages(&MessageQuery::new(ada)).await?.rows;
    /// assert!(conversation.iter().any(|message| message.content.text.as_deref() == Some("Hello! What would you like?")));
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn reply(
        &self,
        page: &PageId,
        reply: Reply,
        now: Timestamp,
    ) -> Result<Applied, ReplyError> {
        let Recipient::Psid(psid) = reply.message.to() else {
            return Err(ReplyError::NotAPsid);
        };
        let contact = self.known(page, psid).await?;
        self.reply_to(&contact, reply, now).await
    }

    /// Queues a reply to a customer whose state is known.
    pub(super) async fn reply_to(
        &self,
        contact: &Contact,
        reply: Reply,
        now: Timestamp,
    ) -> Result<Applied, ReplyError> {
        let (window, author) = (self.policy.window(contact, now), reply.author.as_ref());
        let purpose = window::purpose(&reply.message, window, author, reply.is_confirmed)
            .map_err(|barred| barred.into_error(window))?;
        // A sticker, say, cannot be sent outside the standard window.
        reply.message.clone().with_purpose(purpose)?;
        let mut outgoing = outgoing::store(&reply.message);
        let end = window::latest(window, author, now);
        let is_later =
            |latest: &Timestamp| reply.is_confirmed || end.is_none_or(|end| *latest < end);
        outgoing.latest = reply.latest.filter(is_later).or(end);
        outgoing.author = reply.author;
        let queued = Change::Queued {
            at: after_last(contact, now),
            contact: contact.key.clone(),
            key: reply.key,
            outgoing,
        };
        self.queue(queued, ReplyError::Conflict).await
    }

    /// Sends a reply again that failed, or whose outcome is unknown, under a new key. Of all who ask
    /// for one reply the first gets it.
    ///
    /// # Errors
    ///
    /// [`ReplyError`]: nothing was queued. [`ReplyError::NoSuchReply`] when somebody else has sent it
    /// again.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// # let message = OutgoingMessage::text(&ada.psid, "Hello!")?;
    /// let key = OutgoingKey::new(now, [7; 10]);
    /// # inbox.reply(&ada.page, Reply::new(key.clone(), message), now).await?;
    /// // Only a reply that failed or is unknown can be sent again.
    /// let new = OutgoingKey::new(now, [8; 10]);
    /// let again = inbox.send_again(&ada, &key, new, Some(Author::agent("ada@tea.example")), now).await;
    /// assert!(matches!(again, Err(ReplyError::NoSuchReply)));
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn send_again(
        &self,
        contact: &ContactKey,
        key: &OutgoingKey,
        new: OutgoingKey,
        author: Option<Author>,
        now: Timestamp,
    ) -> Result<Applied, ReplyError> {
        let known = self.known(&contact.page, &contact.psid).await?;
        let window = self.policy.window(&known, now);
        if window == ReplyWindow::Closed {
            return Err(ReplyError::WindowClosed { window });
        }
        let resent = Change::Resent {
            contact: contact.clone(),
            key: key.clone(),
            new,
            at: after_last(&known, now),
            latest: window::latest(window, author.as_ref(), now),
            author,
        };
        self.queue(resent, ReplyError::NoSuchReply).await
    }

    /// Withdraws a reply that waits, has failed or is not known to be sent: it is not sent any more,
    /// and not shown. One that is being sent at this moment may arrive all the same; then it is shown
    /// as sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing has changed.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// # let message = OutgoingMessage::text(&ada.psid, "Hello!")?;
    /// let key = OutgoingKey::new(now, [7; 10]);
    /// # inbox.reply(&ada.page, Reply::new(key.clone(), message), now).await?;
    /// assert_eq!(inbox.dismiss(&ada, &key).await?, Applied::Changed);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn dismiss(
        &self,
        contact: &ContactKey,
        key: &OutgoingKey,
    ) -> Result<Applied, StoreError> {
        let dismissed = Change::Settled {
            contact: contact.clone(),
            key: key.clone(),
            // No attempt comes after it.
            attempt: u32::MAX,
            outcome: SendOutcome::Dismissed,
        };
        self.apply(dismissed).await
    }

    /// Sends a typing indicator, a read mark or a reaction at once, or drops it: it is never stored
    /// and never tried again.
    ///
    /// # Errors
    ///
    /// [`InboxError`](super::InboxError) when the connections cannot be read, or Meta refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, _now| {
    /// let typing = SenderAction::typing_on(&ada.psid)?;
    /// inbox.act(&ada.page, &typing).await?;
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn act(
        &self,
        page: &PageId,
        sender_action: &SenderAction,
    ) -> Result<(), super::InboxError> {
        let Some(access) = self.connections.access(page).await? else {
            return Err(super::InboxError::NotConnected);
        };
        let call = action(sender_action)?;
        self.graph.page(access).call(&call).await?;
        Ok(())
    }

    /// Whether and how a customer may be answered at `now`, by the policy of this inbox.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let contact = inbox.store().contact(&ada).await?.ok_or("nobody")?;
    /// assert!(matches!(inbox.window(&contact, now), ReplyWindow::Open { .. }));
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn window(&self, contact: &Contact, now: Timestamp) -> ReplyWindow {
        self.policy.window(contact, now)
    }

    async fn known(&self, page: &PageId, psid: &Psid) -> Result<Contact, ReplyError> {
        let key = ContactKey::new(page.clone(), psid.clone());
        let known = self.store.contact(&key).await?;
        known.ok_or(ReplyError::NoSuchCustomer)
    }

    async fn queue(&self, change: Change, refused: ReplyError) -> Result<Applied, ReplyError> {
        let applied = self.apply(change).await?;
        self.ring();
        match applied {
            Applied::Refused => Err(refused),
            applied => Ok(applied),
        }
    }
}

impl Barred {
    const fn into_error(self, window: ReplyWindow) -> ReplyError {
        match self {
            Self::NeedsConfirmation => ReplyError::NeedsConfirmation { window },
            Self::Closed => ReplyError::WindowClosed { window },
        }
    }
}

/// A slow clock must not put the reply above the question.
fn after_last(contact: &Contact, now: Timestamp) -> Timestamp {
    now.max(contact.last_at + Duration::from_millis(1))
}
