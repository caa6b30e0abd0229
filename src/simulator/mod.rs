//! Messenger on loopback, for tests and for trying it without Meta.
