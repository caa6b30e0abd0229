//! `Debug` that names the type and shows nothing of its content.

/// Implements `Debug` so that it prints `Name(…)`: secrets, texts and people do not reach logs.
macro_rules! redacted_debug {
    ($($name:ident),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
pub(super) use redacted_debug;
