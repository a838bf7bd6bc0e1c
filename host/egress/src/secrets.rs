//! Fetches a cart's secrets from the sources that the cart's file names: variables and files of this machine.

use cartage_base::fault::Fault;
use cartage_base::nearest::{meant, nearest};
use cartage_contract::manifest::Manifest;
use cartage_model::carts::{Cart, SecretSource};
use cartage_model::id::CartId;
use cartage_model::remedy::Remedy;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::io::{self, Read};
use zeroize::Zeroize;

/// The largest size of a file that holds a secret, in bytes.
pub const SECRET_FILE_BYTES_MAX: u64 = 16 << 10;

/// The values of a cart's credentials, by slot and field.
pub type Secrets = BTreeMap<String, BTreeMap<String, SecretString>>;

/// Why a secret could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment variable is not set, or is not UTF-8 text.
    #[error("cannot read {place} of cart {cart}: the environment variable {variable} is {state}; set it, or name another source")]
    Variable {
        /// The cart whose credential is fetched.
        cart: CartId,
        /// The slot and the field, as in `[credentials.account] password`.
        place: String,
        /// The environment variable's name.
        variable: String,
        /// The variable's state in words: not set, or not text.
        state: &'static str,
    },
    /// The file could not be opened or read.
    #[error("cannot read {place} of cart {cart} from the file {file}")]
    File {
        /// The cart whose credential is fetched.
        cart: CartId,
        /// The slot and the field, as in `[credentials.account] password`.
        place: String,
        /// The file's path as the cart's file has it.
        file: String,
        /// The system's reason, for example a missing file, or that the file is too large or not text.
        #[source]
        source: io::Error,
    },
    /// The cart's file itself holds the value of a secret field.
    #[error("[credentials.{slot}] {field} of cart {cart} is a secret and must not be in the cart's file")]
    InTheOpen {
        /// The cart whose file holds the secret.
        cart: CartId,
        /// The slot's name.
        slot: String,
        /// The field's name.
        field: String,
    },
    /// The plugin has no slot or no field of this name.
    #[error("{place} of cart {cart} is not a credential of its plugin{}", meant(nearest.as_deref()))]
    Unknown {
        /// The cart whose credential is checked.
        cart: CartId,
        /// The slot and the field, as in `[credentials.account] password`.
        place: String,
        /// The most similar name; `None` if none is similar.
        nearest: Option<String>,
    },
}

impl Error {
    /// Whether the error is a passing fault of this machine, and says nothing about the cart.
    pub fn is_fault(&self) -> bool {
        match self {
            Error::File { source, .. } => !Fault::of(source).is_fact(),
            Error::Variable { .. } | Error::InTheOpen { .. } | Error::Unknown { .. } => false,
        }
    }

    /// What a person can do; `None` where the message says it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Error::InTheOpen { cart, slot, field } => {
                Some(Remedy::SealCredential { cart: cart.clone(), slot: slot.clone(), field: field.clone() })
            }
            Error::Unknown { cart, nearest: None, .. } => Some(Remedy::ListCredentials { cart: cart.clone() }),
            Error::Unknown { .. } | Error::Variable { .. } | Error::File { .. } => None,
        }
    }
}

/// Checks that the plugin has every credential that a cart names, and that no secret stands in the cart's file. No value is fetched.
///
/// # Errors
///
/// [`Error::Unknown`] and [`Error::InTheOpen`], for the first credential that is wrong.
pub fn check(of: &Cart, manifest: &Manifest) -> Result<(), Error> {
    for (slot, fields) in &of.credentials {
        for (field, source) in fields {
            let (cart, place) = (of.id.clone(), format!("[credentials.{slot}] {field}"));
            let Some(known) = manifest.slot(slot) else {
                let near = nearest(slot, manifest.slots.iter().map(|slot| slot.name.as_str()));
                return Err(Error::Unknown { cart, place, nearest: near.map(str::to_owned) });
            };
            let Some(known) = known.field(field) else {
                let near = nearest(field, known.fields.iter().map(|field| field.name.as_str()));
                return Err(Error::Unknown { cart, place, nearest: near.map(str::to_owned) });
            };
            if known.secret && matches!(source, SecretSource::Text(_)) {
                return Err(Error::InTheOpen { cart, slot: slot.to_owned(), field: field.to_owned() });
            }
        }
    }
    Ok(())
}

/// Fetches every credential that a cart's definition names. The manifest says which fields are secrets and may not stand in the cart's file. Blocks on the disk.
///
/// # Errors
///
/// [`Error`], naming the first field that could not be fetched. The error holds no value.
pub fn fetch(cart: &Cart, manifest: &Manifest) -> Result<Secrets, Error> {
    let mut secrets = Secrets::new();
    for (slot, fields) in &cart.credentials {
        for (field, source) in fields {
            let value = fetch_one(cart, manifest, (slot, field), source)?;
            secrets.entry(slot.clone()).or_default().insert(field.clone(), value);
        }
    }
    Ok(secrets)
}

fn fetch_one(of: &Cart, manifest: &Manifest, (slot, field): (&str, &str), source: &SecretSource) -> Result<SecretString, Error> {
    let (cart, place) = (of.id.clone(), format!("[credentials.{slot}] {field}"));
    match source {
        SecretSource::Env(variable) => std::env::var(variable).map(SecretString::from).map_err(|error| Error::Variable {
            cart,
            place,
            variable: variable.clone(),
            state: match error {
                std::env::VarError::NotPresent => "not set",
                std::env::VarError::NotUnicode(_) => "not UTF-8 text",
            },
        }),
        SecretSource::File(file) => read(file).map_err(|source| Error::File { cart, place, file: file.clone(), source }),
        SecretSource::Text(text) => {
            let known = manifest.slot(slot).and_then(|slot| slot.field(field));
            // A field that the manifest does not know is refused when the credentials are bound, with the nearest name.
            if known.is_some_and(|field| field.secret) {
                return Err(Error::InTheOpen { cart, slot: slot.to_owned(), field: field.to_owned() });
            }
            Ok(SecretString::from(text.as_str()))
        }
    }
}

/// A secret's text without what editors add to its file: a byte order mark at the beginning and a line break at the end.
pub fn bare(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

fn read(path: &str) -> io::Result<SecretString> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(SECRET_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > SECRET_FILE_BYTES_MAX {
        text.zeroize();
        return Err(io::Error::other(format!("it has more than {SECRET_FILE_BYTES_MAX} bytes")));
    }
    let secret = SecretString::from(bare(&text));
    text.zeroize();
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_contract::manifest::{Slot, SlotField, SlotKind};
    use secrecy::ExposeSecret;

    fn manifest() -> Manifest {
        let field = |name: &str, secret| SlotField { name: name.into(), purpose: String::new(), secret, required: true };
        Manifest {
            slots: vec![Slot {
                name: "account".into(),
                purpose: String::new(),
                kind: SlotKind::FormField,
                required: true,
                endpoints: vec![],
                fields: vec![field("user", false), field("password", true)],
                hashed: false,
                alternative: None,
                extra: vec![],
            }],
            ..cartage_fixtures::manifest()
        }
    }

    fn fetched(credentials: &str) -> Result<Secrets, Error> {
        let cart = Cart::parse("t.toml", &format!("cart = \"t\"\nplugin = \"p.wasm\"\n[credentials.account]\n{credentials}"));
        fetch(&cart.expect("the cart itself is valid"), &manifest())
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_line_break() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("password");
        let at_most = "x".repeat(SECRET_FILE_BYTES_MAX as usize);
        for (text, value) in [
            ("secret\n", Some("secret")),
            ("\u{feff}secret\r\n", Some("secret")),
            ("two\nlines\r\n", Some("two\nlines")),
            ("", Some("")),
            (&at_most, Some(&at_most)),
        ] {
            std::fs::write(&path, text).expect("the folder can be written");
            let secrets = fetched(&format!("password = {{ file = {path:?} }}")).expect("the file can be read");
            assert_eq!(Some(secrets["account"]["password"].expose_secret()), value);
        }
        std::fs::write(&path, at_most + "x").expect("the folder can be written");
        for path in [path, folder.path().join("missing")] {
            let error = fetched(&format!("password = {{ file = {path:?} }}")).expect_err("too long, or missing");
            assert!(matches!(error, Error::File { .. }), "{error}");
        }
    }

    #[test]
    fn only_what_identifies_may_stand_in_the_file() {
        let secrets = fetched("user = { text = \"seed\" }").expect("a user name is no secret");
        assert_eq!(secrets["account"]["user"].expose_secret(), "seed");
        assert!(matches!(fetched("password = { text = \"hunter2\" }"), Err(Error::InTheOpen { .. })));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = fetched("password = { env = \"CARTAGE_TEST_NOT_SET\" }").expect_err("nobody sets it");
        assert!(error.to_string().contains("the environment variable CARTAGE_TEST_NOT_SET is not set"), "{error}");
        assert!(fetched("password = { env = \"PATH\" }").is_ok());
    }
}
