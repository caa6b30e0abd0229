//! Seals what must not lie readable in a database file.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// One key, for the secrets of one database.
pub(crate) struct Vault(XChaCha20Poly1305);

#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    #[error("MESSENGER_CRM_KEY is neither 64 hex digits nor base64 of 32 bytes")]
    Env,
    #[error("the key file {} does not hold 64 hex digits", .0.display())]
    Malformed(PathBuf),
    #[error("others may read the key file {path}: run chmod 600 {path}", path = .0.display())]
    Exposed(PathBuf),
    #[error(
        "the database holds sealed secrets, but the key file {} is missing: \
         restore it, or set MESSENGER_CRM_KEY",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("the key file {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("a sealed secret does not open: the key is another one, or the database was changed")]
    Sealed,
}

impl Vault {
    /// Takes the key from `env`, the value of `MESSENGER_CRM_KEY`, or else from the file next to
    /// `database`. That file is made when it is missing, unless the key `must_exist`.
    pub(crate) fn open(
        env: Option<String>,
        database: &Path,
        must_exist: bool,
    ) -> Result<Self, VaultError> {
        if let Some(env) = env {
            return Ok(Self::new(
                from_hex(&env)
                    .or_else(|| from_base64(&env))
                    .ok_or(VaultError::Env)?,
            ));
        }
        let mut path = OsString::from(database);
        path.push(".key");
        let path = PathBuf::from(path);
        let failed = |source| VaultError::Io {
            path: path.clone(),
            source,
        };
        match File::open(&path) {
            Ok(file) if is_exposed(&file).map_err(failed)? => Err(VaultError::Exposed(path)),
            Ok(file) => {
                let mut text = String::new();
                // One byte more than a key and a line break have: the file may be any file.
                match file.take(67).read_to_string(&mut text) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                        return Err(VaultError::Malformed(path));
                    }
                    Err(error) => return Err(failed(error)),
                }
                let key = from_hex(text.trim_end()).ok_or(VaultError::Malformed(path))?;
                Ok(Self::new(key))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            Err(_) if must_exist => Err(VaultError::Missing(path)),
            Err(_) => {
                let key = random();
                keep(&path, &key).map_err(failed)?;
                Ok(Self::new(key))
            }
        }
    }

    fn new(key: [u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(&Key::from(key)))
    }

    /// A nonce and the sealed text; it opens only with the same `bound_to`.
    pub(crate) fn seal(&self, plain: &str, bound_to: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: bound_to.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("only a text of 256 GiB is too long for the cipher");
        [&nonce[..], &sealed].concat()
    }

    /// The text, if it was sealed with this key and this `bound_to`.
    pub(crate) fn unseal(&self, sealed: &[u8], bound_to: &str) -> Result<String, VaultError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Sealed)?;
        let payload = Payload {
            msg: sealed,
            aad: bound_to.as_bytes(),
        };
        let plain = self
            .0
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| VaultError::Sealed)?;
        String::from_utf8(plain).map_err(|_| VaultError::Sealed)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

/// Bytes that nobody can guess.
///
/// # Panics
///
/// When the operating system has none: nothing that is secret can be made then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

/// Writes a new key where nothing is yet, so that it is on the disk before anything is sealed.
fn keep(path: &Path, key: &[u8; KEY_BYTES]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(file, "{hex}")?;
    file.sync_all()?;
    // The file's name must last as well.
    #[cfg(unix)]
    {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;

    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(key)
}

fn from_base64(text: &str) -> Option<[u8; KEY_BYTES]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
pub(crate) mod tests;
