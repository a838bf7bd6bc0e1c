//! Why the office could not do what it was asked.

use crate::counted::counted;
use crate::egress::credential;
use crate::fault::Fault;
use crate::id::{CartId, Digest};
use crate::{carts, data_dir, deliver, events, outbox, parameters, plugin, store, validate, vault};
use std::sync::Arc;

/// Why the office could not do what it was asked. What the gate decides is no error, and neither is what a cart answers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory cannot be made or opened.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The credentials.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// There is no such cart.
    #[error("there is no cart {cart}; {}", crate::nearest::hint(nearest.as_deref(), "`cartage cart list` shows those that there are"))]
    NoCart {
        /// The cart asked for.
        cart: CartId,
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// What the store holds of a cart cannot be read.
    #[error("could not read cart {cart} from the store; load its file again with `cartage apply FILE`")]
    KeptCart {
        /// The cart.
        cart: CartId,
        /// Why not.
        #[source]
        source: carts::Error,
    },
    /// The store holds something that this release cannot read.
    #[error("could not read {what} from the store; was it written by a newer Cartage?")]
    Kept {
        /// What.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A parameter.
    #[error(transparent)]
    Parameter(#[from] parameters::Error),
    /// A status event.
    #[error(transparent)]
    Event(#[from] events::Error),
    /// A label.
    #[error(transparent)]
    Label(#[from] events::LabelError),
    /// The update.
    #[error(transparent)]
    Invalid(#[from] validate::Error),
    /// What the cart makes of the update.
    #[error(transparent)]
    Refused(#[from] validate::Refused),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] outbox::Error),
    /// The key came with another request before.
    #[error(
        "the idempotency key {key:?} came with another body before, so nothing was done; give each request a key of its own, and the same key only to \
         a repeat of the same request"
    )]
    KeyReused {
        /// The key.
        key: String,
    },
    /// The same key is being answered at this moment. It never leaves the office.
    #[error("the idempotency key is in use")]
    KeyInUse,
    /// There is no engine.
    #[error(transparent)]
    Runtime(#[from] plugin::Error),
    /// A plugin's file could not be read.
    #[error("could not open the plugin {plugin} in {folder}")]
    PluginFile {
        /// Its name.
        plugin: String,
        /// Where it was looked for.
        folder: String,
        /// Why not.
        #[source]
        source: plugin::file::Error,
    },
    /// The copy of a plugin's file has another content than it was given.
    #[error(
        "the plugin file {} is damaged{}; see to the disk, and give the cart the same file again with `cartage cart upgrade CART --plugin FILE`",
        .file.display(), found.map_or_else(String::new, |found| format!(" (its digest is {found})"))
    )]
    PluginDamaged {
        /// The copy, whose name is the digest that it should have.
        file: std::path::PathBuf,
        /// The digest that it has. None: it cannot be read as a file.
        found: Option<Digest>,
    },
    /// A cart's plugin could not be looked at now.
    #[error("could not look at the plugin of cart {cart}, so nothing was decided")]
    PluginUnknown {
        /// The cart.
        cart: CartId,
        /// Why not.
        #[source]
        source: Arc<Error>,
    },
    /// A folder with plugins' files could not be looked into.
    #[error("could not look for plugins in {}", .folder.display())]
    PluginFolder {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A copy of a plugin's file could not be kept.
    #[error("could not keep a copy of the plugin as {}", .file.display())]
    KeepPlugin {
        /// The copy.
        file: std::path::PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A plugin's file is not the one that the cart is pinned to.
    #[error(
        "the plugin {plugin} of cart {cart} has the digest {found}, but the cart is pinned to {pinned}; take the new file with `cartage cart upgrade {cart} \
         --plugin FILE`, or put the one before back"
    )]
    Changed {
        /// The cart.
        cart: CartId,
        /// The plugin's name.
        plugin: String,
        /// The digest of the file.
        found: Digest,
        /// The digest that the cart has.
        pinned: Digest,
    },
    /// A plugin was not admitted.
    #[error("the plugin {digest} was not admitted")]
    NotAdmitted {
        /// The digest of its file.
        digest: Digest,
        /// Why not.
        #[source]
        source: plugin::admit::Error,
    },
    /// A plugin must not run.
    #[error(
        "the plugin {digest} is banned ({why}), so it runs for no cart; give the cart another with `cartage cart upgrade CART --plugin FILE`, or lift the \
         ban with `cartage plugin unban {digest}`"
    )]
    Banned {
        /// The digest of its file.
        digest: Digest,
        /// Why.
        why: String,
    },
    /// Something waits for a cart that was to be removed.
    #[error(
        "cart {cart} was not removed: {} for it, and it has {}; look at them with `cartage delivery list --cart {cart}`, \
         or end them all with `cartage cart remove {cart} --discard-queue`",
        if *queued == 1 { "1 update waits".to_owned() } else { counted(*queued, "update") + " wait" },
        counted(*dead, "dead letter")
    )]
    CartHasQueue {
        /// The cart.
        cart: CartId,
        /// How many wait or are under way.
        queued: u64,
        /// How many are dead letters.
        dead: u64,
    },
    /// Attempts that are under way do not end.
    #[error(
        "cart {cart} was not removed: an attempt at {under_way} of its updates is still under way; it is disabled now, so repeat this in a minute"
    )]
    CartBusy {
        /// The cart.
        cart: CartId,
        /// How many deliveries were left alone.
        under_way: u64,
    },
    /// The disk is nearly full.
    #[error(
        "nothing was accepted: only {} are free where the data directory lies, and {} are needed; make room there, then send it again",
        crate::data_dir::room::free(*free_bytes), crate::data_dir::room::free(crate::data_dir::room::ACCEPT_BYTES_MIN)
    )]
    NoRoom {
        /// Free bytes.
        free_bytes: u64,
    },
    /// A credential that lies elsewhere could not be fetched.
    #[error(transparent)]
    Secret(#[from] carts::secrets::Error),
    /// A credential cannot be used.
    #[error("could not set the credential of cart {cart}; nothing was changed")]
    Credential {
        /// The cart.
        cart: CartId,
        /// Why not.
        #[source]
        source: credential::Error,
    },
    /// A credential is for no endpoint that the cart binds.
    #[error(
        "could not set the credential {slot} of cart {cart}: none of its endpoints is bound, so there is no host that it is for; bind one in the \
         cart's file, and load it with `cartage apply FILE`"
    )]
    CredentialUnbound {
        /// The cart.
        cart: CartId,
        /// The slot.
        slot: String,
    },
    /// A credential is for other origins than its endpoints have now.
    #[error("cart {cart} is not ready: {what}")]
    CredentialMoved {
        /// The cart.
        cart: CartId,
        /// Which, from where to where, and what to do.
        what: String,
    },
    /// A field that log-ins replace is given by the cart's definition, which a new value cannot change.
    #[error(
        "cart {cart} is not ready: its answers to log-ins replace the field {field} of the credential slot {slot}, and a new value is not used while the \
         cart's definition gives one; take it out of [credentials.{slot}] and set it with `cartage credential set {cart} {slot} {field}`"
    )]
    CredentialReplaced {
        /// The cart.
        cart: CartId,
        /// The slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// A token.
    #[error(transparent)]
    Token(#[from] super::tokens::Error),
    /// The cart could not be made ready.
    #[error(
        "could not make cart {cart} ready; change its file and load it with `cartage apply FILE`, or set what is missing with `cartage credential set`"
    )]
    Courier {
        /// The cart.
        cart: CartId,
        /// Why not.
        #[source]
        source: Box<deliver::Error>,
    },
}

impl Error {
    /// Whether it says something about this machine (its files, its memory, its disk) and nothing about what was asked for: the same may succeed
    /// when that is mended, so it is never kept as an answer.
    pub fn is_fault(&self) -> bool {
        match self {
            Error::DataDir(_)
            | Error::Store(_)
            | Error::KeptCart { .. }
            | Error::Kept { .. }
            | Error::Runtime(_)
            | Error::PluginDamaged { .. }
            | Error::PluginUnknown { .. }
            | Error::PluginFolder { .. }
            | Error::KeepPlugin { .. }
            | Error::NoRoom { .. } => true,
            Error::Outbox(error) => matches!(error, outbox::Error::Store(_)),
            Error::Vault(error) => error.is_fault(),
            Error::PluginFile { source, .. } => source.fault().is_some_and(|fault| !fault.is_fact()),
            Error::NotAdmitted { source, .. } => source.is_fault(),
            Error::Secret(source) => source.is_fault(),
            Error::Courier { source, .. } => Fault::within(&**source).is_some_and(|fault| !fault.is_fact()),
            Error::NoCart { .. }
            | Error::Parameter(_)
            | Error::Event(_)
            | Error::Label(_)
            | Error::Invalid(_)
            | Error::Refused(_)
            | Error::KeyReused { .. }
            | Error::KeyInUse
            | Error::Changed { .. }
            | Error::Banned { .. }
            | Error::CartHasQueue { .. }
            | Error::CartBusy { .. }
            | Error::Credential { .. }
            | Error::CredentialUnbound { .. }
            | Error::CredentialMoved { .. }
            | Error::CredentialReplaced { .. }
            | Error::Token(_) => false,
        }
    }

    /// What the store holds and this release cannot read.
    pub(super) fn kept<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl Fn(E) -> Error {
        move |source| Error::Kept { what, source: Box::new(source) }
    }

    /// A cart that could not be made ready.
    pub(super) fn courier(cart: &CartId) -> impl FnOnce(deliver::Error) -> Error {
        let cart = cart.clone();
        move |source| Error::Courier { cart, source: Box::new(source) }
    }
}
