//! A person as a value: what they do on their phone.

use super::http::shared::Shared;
use super::platform::customer::{self as acts, PhoneError};
use super::platform::draft::{LIKE, sample};
use super::world::World;
use super::world::file::File;
use super::world::thread::{Attachment, Draft, Message};

/// A person who can write to a Page: `ada.writes("…")`, `ada.taps("…")`, `ada.edits(&mid, "…")`.
///
/// Each act is done at once and queues the webhooks that Meta would send. All acts fail with
/// [`PhoneError::Blocked`] while a block is in force.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use messenger_crm::simulator::Simulator;
///
/// let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
/// let amelie = simulator.customer("24681357902468135")?;
/// let mid = amelie.writes("Is the blue one in stock?")?;
/// amelie.edits(&mid, "Is the green one in stock?")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Customer<'a> {
    shared: &'a Shared,
    psid: &'a str,
}

impl<'a> Customer<'a> {
    pub(super) fn new(shared: &'a Shared, psid: &'a str) -> Result<Self, PhoneError> {
        let is_known = shared.look(|world| world.thread(psid).is_some());
        if is_known {
            Ok(Self { shared, psid })
        } else {
            Err(PhoneError::UnknownPerson)
        }
    }

    /// Returns the page-scoped id.
    #[must_use]
    pub fn psid(&self) -> &'a str {
        self.psid
    }

    /// Returns the messages on the phone, oldest first.
    #[must_use]
    pub fn thread(&self) -> Vec<Message> {
        let messages = |world: &World| Some(world.thread(self.psid)?.messages.clone());
        self.shared.look(messages).unwrap_or_default()
    }

    /// Sends a text and returns its message id.
    ///
    /// # Errors
    ///
    /// When the text is blank.
    pub fn writes(&self, text: &str) -> Result<String, PhoneError> {
        self.send(Some(text), Vec::new(), None)
    }

    /// Sends a text that quotes a message of the thread, and returns its message id.
    ///
    /// # Errors
    ///
    /// When the text is blank, or the thread has no such message.
    pub fn replies(&self, to_mid: &str, text: &str) -> Result<String, PhoneError> {
        self.send(Some(text), Vec::new(), Some(to_mid))
    }

    /// Sends a picture and returns its message id.
    ///
    /// # Errors
    ///
    /// See [`PhoneError::Blocked`].
    pub fn sends_picture(&self) -> Result<String, PhoneError> {
        self.send(None, vec![self.sample("image")], None)
    }

    /// Sends a voice message (a WAV file) and returns its message id.
    ///
    /// # Errors
    ///
    /// See [`PhoneError::Blocked`].
    pub fn sends_voice(&self) -> Result<String, PhoneError> {
        self.send(None, vec![self.sample("audio")], None)
    }

    /// Sends a file (a PDF) and returns its message id.
    ///
    /// # Errors
    ///
    /// See [`PhoneError::Blocked`].
    pub fn sends_file(&self) -> Result<String, PhoneError> {
        self.send(None, vec![self.sample("file")], None)
    }

    /// Sends a file and returns the message id. The first part of the media type, such as `image` of
    /// `image/png`, decides whether it is a picture, a sound, a video or a file.
    ///
    /// # Errors
    ///
    /// When the file is empty.
    ///
    /// ```no_run
    /// # fn example(ada: messenger_crm::simulator::Customer<'_>) -> Result<(), Box<dyn std::error::Error>> {
    /// let mid = ada.uploads("receipt.png", "image/png", std::fs::read("receipt.png")?)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn uploads(
        &self,
        name: &str,
        media_type: &str,
        content: impl Into<Vec<u8>>,
    ) -> Result<String, PhoneError> {
        let file = File {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes: content.into().into(),
        };
        self.act(|world| acts::upload(world, self.psid, file, None))
    }

    /// Comments on a post of the Page and returns the id of the comment, which the Page can send one
    /// private reply to.
    ///
    /// # Errors
    ///
    /// When the text is blank.
    pub fn comments(&self, text: &str) -> Result<String, PhoneError> {
        self.act(|world| acts::comment(world, self.psid, text))
    }

    /// Sends a sticker and returns its message id.
    ///
    /// # Errors
    ///
    /// See [`PhoneError::Blocked`].
    pub fn sends_sticker(&self) -> Result<String, PhoneError> {
        self.send(None, vec![self.sample("sticker")], None)
    }

    /// Sends the thumbs-up sticker and returns its message id.
    ///
    /// # Errors
    ///
    /// See [`PhoneError::Blocked`].
    pub fn likes(&self) -> Result<String, PhoneError> {
        let like = Attachment {
            sticker_id: Some(LIKE),
            ..self.sample("sticker")
        };
        self.send(None, vec![like], None)
    }

    /// Taps the button, quick reply, menu item or ice breaker with this title. Returns the id of the
    /// message or postback.
    ///
    /// # Errors
    ///
    /// When the Page has sent nothing with this title, or it opens a web address.
    pub fn taps(&self, title: &str) -> Result<String, PhoneError> {
        self.act(|world| acts::tap(world, self.psid, title))
    }

    /// Taps *Get Started* and returns the id of the postback.
    ///
    /// The payload is the one of the Messenger profile, and `GET_STARTED` when none is set.
    ///
    /// # Errors
    ///
    /// See [`PhoneError::Blocked`].
    pub fn taps_get_started(&self) -> Result<String, PhoneError> {
        self.act(|world| acts::get_started(world, self.psid))
    }

    /// Edits one of their messages.
    ///
    /// # Errors
    ///
    /// When the message is not theirs, has no text, was unsent, or was edited five times.
    pub fn edits(&self, mid: &str, text: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::edit(world, self.psid, mid, text))
    }

    /// Unsends one of their messages.
    ///
    /// # Errors
    ///
    /// When the message is not theirs, or is unsent already.
    pub fn unsends(&self, mid: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::unsend(world, self.psid, mid))
    }

    /// Reacts to a message with an emoji.
    ///
    /// # Errors
    ///
    /// When the thread has no such message.
    pub fn reacts(&self, mid: &str, emoji: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::react(world, self.psid, mid, Some(emoji)))
    }

    /// Takes the reaction to a message back.
    ///
    /// # Errors
    ///
    /// When the thread has no such message.
    pub fn unreacts(&self, mid: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::react(world, self.psid, mid, None))
    }

    /// Reads all that the Page has sent so far. Returns whether any of it was unread.
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn reads(&self) -> Result<bool, PhoneError> {
        self.act(|world| acts::read(world, self.psid, u64::MAX))
    }

    /// Follows an m.me link with this `ref`.
    ///
    /// In a thread with messages that is a webhook; otherwise the next message or *Get Started*
    /// carries it.
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn follows_link(&self, reference: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::follow_link(world, self.psid, reference))
    }

    /// Clicks an ad that opens Messenger. The first message after it opens the window for seven days.
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn clicks_ad(&self, ad_id: &str, title: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::click_ad(world, self.psid, ad_id, title, None))
    }

    /// Opens the address of an *account link* button, and returns the `account_linking_token` that
    /// Meta adds to the address. It lives for five minutes.
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn opens_account_link(&self) -> Result<String, PhoneError> {
        self.act(|world| acts::open_account_link(world, self.psid))
    }

    /// Logs in at the address of an *account link* button: a webhook with this authorization code.
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn links_account(&self, authorization_code: &str) -> Result<(), PhoneError> {
        self.act(|world| acts::link_account(world, self.psid, Some(authorization_code)))
    }

    /// Blocks the Page: sends to this person fail with code 551.
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn blocks(&self) -> Result<(), PhoneError> {
        self.act(|world| acts::block(world, self.psid, true))
    }

    /// Lifts the block of [`blocks`](Self::blocks).
    ///
    /// # Errors
    ///
    /// None for a person that [`Simulator::customer`](super::Simulator::customer) returned.
    pub fn unblocks(&self) -> Result<(), PhoneError> {
        self.act(|world| acts::block(world, self.psid, false))
    }

    fn sample(&self, kind: &str) -> Attachment {
        self.shared.look(|world| sample(world, kind))
    }

    fn send(
        &self,
        text: Option<&str>,
        attachments: Vec<Attachment>,
        reply_to: Option<&str>,
    ) -> Result<String, PhoneError> {
        let draft = Draft {
            text: text.map(str::to_owned),
            attachments,
            reply_to: reply_to.map(str::to_owned),
            ..Draft::default()
        };
        self.act(|world| acts::send(world, self.psid, draft, None))
    }

    fn act<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with(act)
    }
}

impl std::fmt::Debug for Customer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Customer").finish_non_exhaustive()
    }
}
