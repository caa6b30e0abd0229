//! Short assertions about typed members.

use messenger_crm::{
    event::{Event, Kind},
    text::Text,
    time::Timestamp,
};

/// The value of the expected kind; panics with the actual kind.
macro_rules! kind {
    ($event:expr, $kind:ident) => {
        match &$event.kind {
            messenger_crm::event::Kind::$kind(of) => of,
            other => panic!("{other:?}"),
        }
    };
}
pub(super) use kind;

/// Asserts the value of a member.
pub(super) trait Is<T> {
    fn is(&self, expected: T);
}

impl Is<&str> for Option<Text<'_>> {
    #[track_caller]
    fn is(&self, expected: &str) {
        assert_eq!(self.as_deref(), Some(expected));
    }
}

/// Compares milliseconds.
impl Is<i64> for Option<Timestamp> {
    #[track_caller]
    fn is(&self, expected: i64) {
        assert_eq!(self.map(Timestamp::as_millis), Some(expected));
    }
}

impl Is<Self> for Option<i64> {
    #[track_caller]
    fn is(&self, expected: Self) {
        assert_eq!(*self, expected);
    }
}

impl Is<&[&str]> for Vec<Text<'_>> {
    #[track_caller]
    fn is(&self, expected: &[&str]) {
        let texts: Vec<&str> = self.iter().map(Text::as_str).collect();
        assert_eq!(texts, expected);
    }
}

/// Asserts that a member is absent.
pub(super) trait Absent {
    fn is_absent(&self);
}

impl<T> Absent for Option<T> {
    #[track_caller]
    fn is_absent(&self) {
        assert!(self.is_none());
    }
}

/// The value of a member that must be present.
#[track_caller]
pub(super) fn of<T>(member: &Option<T>) -> &T {
    member.as_ref().unwrap()
}

/// The elements of a list that must have exactly `COUNT`.
#[track_caller]
pub(super) fn all<T, const COUNT: usize>(list: &[T]) -> &[T; COUNT] {
    let count = list.len();
    let Ok(list) = list.try_into() else {
        panic!("{count} elements instead of {COUNT}")
    };
    list
}

/// Asserts the reason of an unrecognized event.
#[track_caller]
pub(super) fn reason(event: &Event<'_>, expected: &str) {
    match &event.kind {
        Kind::Unrecognized { reason, .. } => assert_eq!(*reason, expected),
        other => panic!("{other:?}"),
    }
}
