use super::*;

/// A folder of one test, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name: String = random::<8>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let path = std::env::temp_dir().join(format!("messenger-crm-{name}"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("crm.db")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("crm.db.key")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn s25_what_is_sealed_opens_where_it_belongs_and_nowhere_else() {
    let vault = Vault::new([7; 32]);
    let sealed = vault.seal("hush", "1\ntoken");
    assert_eq!(vault.unseal(&sealed, "1\ntoken").unwrap(), "hush");
    assert!(matches!(
        vault.unseal(&sealed, "2\ntoken"),
        Err(VaultError::Sealed)
    ));
    assert!(matches!(
        vault.unseal(&sealed, "1\nsecret"),
        Err(VaultError::Sealed)
    ));
    assert_ne!(vault.seal("hush", "1\ntoken"), sealed);
}

#[test]
fn s25_what_was_cut_or_changed_does_not_open() {
    let vault = Vault::new([7; 32]);
    let sealed = vault.seal("hush", "a");
    for length in 0..sealed.len() {
        assert!(matches!(
            vault.unseal(&sealed[..length], "a"),
            Err(VaultError::Sealed)
        ));
    }
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(matches!(
            vault.unseal(&changed, "a"),
            Err(VaultError::Sealed)
        ));
    }
}

#[test]
fn s25_another_key_does_not_open() {
    let sealed = Vault::new([7; 32]).seal("hush", "a");
    let error = Vault::new([8; 32]).unseal(&sealed, "a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "a sealed secret does not open: the key is another one, or the database was changed"
    );
}

#[test]
fn a_key_is_hex_or_base64_of_32_bytes() {
    let folder = Folder::new();
    let open = |key: &str| Vault::open(Some(key.to_owned()), &folder.database(), false);
    let sealed = Vault::new([0xab; 32]).seal("hush", "a");
    for key in [
        "ab".repeat(32),
        "AB".repeat(32),
        STANDARD.encode([0xab; 32]),
    ] {
        assert_eq!(open(&key).unwrap().unseal(&sealed, "a").unwrap(), "hush");
    }
    let hex = "ab".repeat(32);
    for key in [
        "",
        "hush",
        &hex[1..],
        &format!("{hex}\n"),
        &STANDARD.encode([1; 31]),
        &"é".repeat(32),
    ] {
        assert_eq!(
            open(key).unwrap_err().to_string(),
            "MESSENGER_CRM_KEY is neither 64 hex digits nor base64 of 32 bytes"
        );
    }
    assert!(!folder.key().exists());
}

#[test]
fn a_key_file_is_made_once() {
    let folder = Folder::new();
    let sealed = Vault::open(None, &folder.database(), false)
        .unwrap()
        .seal("hush", "a");
    let again = Vault::open(None, &folder.database(), true).unwrap();
    assert_eq!(again.unseal(&sealed, "a").unwrap(), "hush");
}

#[test]
fn a_missing_key_is_not_replaced_when_it_must_exist() {
    let folder = Folder::new();
    let error = Vault::open(None, &folder.database(), true).unwrap_err();
    assert!(
        matches!(&error, VaultError::Missing(path) if *path == folder.key()),
        "{error}"
    );
    assert!(!folder.key().exists());
}

#[test]
fn a_malformed_key_file_is_refused() {
    let folder = Folder::new();
    Vault::open(None, &folder.database(), false).unwrap();
    let long = "a".repeat(66);
    for content in [
        &b""[..],
        b"abc\n",
        long.as_bytes(),
        &[0xff; 64],
        "é".repeat(32).as_bytes(),
    ] {
        std::fs::write(folder.key(), content).unwrap();
        let error = Vault::open(None, &folder.database(), false).unwrap_err();
        assert!(matches!(error, VaultError::Malformed(_)), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_is_for_its_owner_alone() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    Vault::open(None, &folder.database(), false).unwrap();
    assert_eq!(
        metadata(folder.key()).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o640, 0o604, 0o620] {
        set_permissions(folder.key(), Permissions::from_mode(mode)).unwrap();
        let error = Vault::open(None, &folder.database(), false).unwrap_err();
        assert!(matches!(error, VaultError::Exposed(_)), "{error}");
    }
    set_permissions(folder.key(), Permissions::from_mode(0o400)).unwrap();
    assert!(Vault::open(None, &folder.database(), false).is_ok());
}

#[test]
fn a_vault_is_never_printed() {
    assert_eq!(format!("{:?}", Vault::new([7; 32])), "Vault(…)");
}
