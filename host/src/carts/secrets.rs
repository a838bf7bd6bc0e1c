//! Fetching a cart's secrets from where its file says they are.

use super::Cart;
use crate::fault::Fault;
use crate::id::CartId;
use crate::nearest::{hint, nearest};
use cartage_contract::manifest::Manifest;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use zeroize::Zeroize;

/// Bytes of a file that holds a secret, at most.
pub const SECRET_FILE_BYTES_MAX: u64 = 16 << 10;

/// The values of a cart's credentials, by slot and field.
pub type Secrets = BTreeMap<String, BTreeMap<String, SecretString>>;

/// Where the value of a credential's field is. A secret never stands in the cart's file itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSource {
    /// In an environment variable.
    Env(String),
    /// In a file, whose last line break is left off, and a byte order mark as well.
    File(String),
    /// Here: only for fields that identify, such as a user name.
    Text(String),
}

/// Why a secret could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment variable is not set, or is no text.
    #[error("cannot read {place} of cart {cart}: the environment variable {variable} is {state}; set it, or name another source")]
    Variable {
        /// The cart.
        cart: CartId,
        /// The slot and the field.
        place: String,
        /// The variable.
        variable: String,
        /// Not set, or not text.
        state: &'static str,
    },
    /// The file could not be read.
    #[error("cannot read {place} of cart {cart} from the file {file}")]
    File {
        /// The cart.
        cart: CartId,
        /// The slot and the field.
        place: String,
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A secret stands in the cart's file.
    #[error(
        "{place} of cart {cart} is a secret and stands in the cart's file; write {{ env = \"NAME\" }} or {{ file = \"PATH\" }} in its \
         place, or leave it out and keep it sealed with `cartage credential set`"
    )]
    InTheOpen {
        /// The cart.
        cart: CartId,
        /// The slot and the field.
        place: String,
    },
    /// The plugin has no such slot or field.
    #[error("{place} of cart {cart} is none of its plugin's; {hint}")]
    Unknown {
        /// The cart.
        cart: CartId,
        /// The slot and the field.
        place: String,
        /// What was probably meant.
        hint: String,
    },
}

impl Error {
    /// Whether it says something about this machine, and nothing about the cart.
    pub fn is_fault(&self) -> bool {
        match self {
            Error::File { source, .. } => !Fault::of(source).is_fact(),
            Error::Variable { .. } | Error::InTheOpen { .. } | Error::Unknown { .. } => false,
        }
    }
}

impl Cart {
    /// Whether every credential that this cart names is one of its plugin's, and none that is a secret stands in the cart itself. None is
    /// fetched.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] and [`Error::InTheOpen`].
    pub fn check_credentials(&self, manifest: &Manifest) -> Result<(), Error> {
        for (slot, fields) in &self.credentials {
            for (field, source) in fields {
                let (cart, place) = (self.id.clone(), format!("[credentials.{slot}] {field}"));
                let Some(known) = manifest.slot(slot) else {
                    let near = nearest(slot, manifest.slots.iter().map(|slot| slot.name.as_str()));
                    return Err(Error::Unknown { cart, place, hint: hint(near, "`cartage plugin inspect` shows its credentials") });
                };
                let Some(known) = known.field(field) else {
                    let near = nearest(field, known.fields.iter().map(|field| field.name.as_str()));
                    return Err(Error::Unknown { cart, place, hint: hint(near, "`cartage plugin inspect` shows its credentials") });
                };
                if known.secret && matches!(source, SecretSource::Text(_)) {
                    return Err(Error::InTheOpen { cart, place });
                }
            }
        }
        Ok(())
    }

    /// Fetches every credential of this cart. The manifest says which fields are secrets and may not stand in the cart's file.
    ///
    /// # Errors
    ///
    /// [`Error`], naming the first field that could not be had. No value is in it.
    pub fn secrets(&self, manifest: &Manifest) -> Result<Secrets, Error> {
        let mut secrets = Secrets::new();
        for (slot, fields) in &self.credentials {
            for (field, source) in fields {
                let value = self.secret(manifest, slot, field, source)?;
                secrets.entry(slot.clone()).or_default().insert(field.clone(), value);
            }
        }
        Ok(secrets)
    }

    fn secret(&self, manifest: &Manifest, slot: &str, field: &str, source: &SecretSource) -> Result<SecretString, Error> {
        let place = format!("[credentials.{slot}] {field}");
        let cart = self.id.clone();
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
                // A field that the manifest does not know is refused by egress, with the nearest name.
                if known.is_some_and(|field| field.secret) {
                    return Err(Error::InTheOpen { cart, place });
                }
                Ok(SecretString::from(text.as_str()))
            }
        }
    }
}

/// A secret without what editors add to its file: a byte order mark at the beginning and a line break at the end.
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
            ..crate::carts::tests::manifest()
        }
    }

    fn fetched(credentials: &str) -> Result<Secrets, Error> {
        let cart = Cart::parse("t.toml", &format!("cart = \"t\"\nplugin = \"p.wasm\"\n[credentials.account]\n{credentials}"));
        cart.expect("the cart itself is valid").secrets(&manifest())
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
