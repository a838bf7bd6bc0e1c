//! The error of the service's operations.

use crate::deliver;
use cartage_base::counted::counted;
use cartage_base::fault::Fault;
use cartage_egress::credential;
use cartage_engine as plugin;
use cartage_model::carts::{self, WrongDigest};
use cartage_model::id::{CartId, Digest};
use cartage_model::remedy::Remedy;
use cartage_model::{events, parameters};
use cartage_policy::validate;
use cartage_store as store;
use cartage_store::{data_dir, outbox, vault};
use std::sync::Arc;

/// Why an operation of the service failed. A decision of the gate is no error, and neither is the answer of a cart.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory cannot be created or opened.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// There is no such cart.
    #[error("there is no cart {cart}{}", cartage_base::nearest::meant(nearest.as_deref()))]
    NoCart {
        /// The cart that was asked for.
        cart: CartId,
        /// The nearest id that exists; `None` if none is near.
        nearest: Option<String>,
    },
    /// The stored definition of a cart cannot be read.
    #[error("could not read cart {cart} from the store")]
    StoredCart {
        /// The cart with this definition.
        cart: CartId,
        /// What is wrong with the definition.
        #[source]
        source: carts::Error,
    },
    /// The store holds content that this release cannot read.
    #[error("could not read {what} from the store; a newer release of Cartage may have written it")]
    Kept {
        /// The name of the content.
        what: &'static str,
        /// What is wrong with the content.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A parameter or its value is not valid.
    #[error(transparent)]
    Parameter(#[from] parameters::Error),
    /// A status event is not valid.
    #[error(transparent)]
    Event(#[from] events::Error),
    /// A label is not valid.
    #[error(transparent)]
    Label(#[from] events::LabelError),
    /// The update is not valid.
    #[error(transparent)]
    Invalid(#[from] validate::Error),
    /// The cart cannot take the update.
    #[error(transparent)]
    Refused(#[from] validate::Refused),
    /// The outbox failed.
    #[error(transparent)]
    Outbox(#[from] outbox::Error),
    /// The idempotency key came with another request before.
    #[error(
        "the idempotency key {key:?} came with another body before, so nothing was done; use a new key for each request, and the same key only to \
         repeat the same request"
    )]
    KeyReused {
        /// The key, as the sender wrote it.
        key: String,
    },
    /// The same key is being answered at this moment. The service handles this error itself.
    #[error("the idempotency key is in use")]
    KeyInUse,
    /// The engine for plugins could not be started.
    #[error(transparent)]
    Runtime(#[from] plugin::Error),
    /// A plugin's file could not be read.
    #[error("could not open the plugin {plugin} in {folder}")]
    PluginFile {
        /// The name of the plugin.
        plugin: String,
        /// The folder where the file was looked for.
        folder: String,
        /// The error of reading.
        #[source]
        source: plugin::file::Error,
    },
    /// The stored copy of a plugin's file no longer has its original content.
    #[error(
        "the plugin file {} is damaged{}",
        .file.display(), found.map_or_else(String::new, |found| format!(" (its digest is {found})"))
    )]
    PluginDamaged {
        /// The copy, whose name is the digest that it should have.
        file: std::path::PathBuf,
        /// The digest of the content found; `None` if the file cannot be read.
        found: Option<Digest>,
    },
    /// A cart's plugin could not be examined now.
    #[error("could not examine the plugin of cart {cart}, so nothing was decided")]
    PluginUnknown {
        /// The cart with this plugin.
        cart: CartId,
        /// The error that prevented it.
        #[source]
        source: Arc<Error>,
    },
    /// A folder with plugin files could not be read.
    #[error("could not look for plugins in {}", .folder.display())]
    PluginFolder {
        /// The folder's path.
        folder: std::path::PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// A copy of a plugin's file could not be written.
    #[error("could not store a copy of the plugin as {}", .file.display())]
    KeepPlugin {
        /// The path of the copy.
        file: std::path::PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// Others changed the cart's definition since it was looked at, so this change was not made.
    #[error("cart {cart} was changed by others meanwhile, so nothing was changed; repeat this in a moment")]
    DefinitionChanged {
        /// The cart.
        cart: CartId,
    },
    /// A plugin's file is not the one that the cart is pinned to.
    #[error("{0}")]
    Changed(WrongDigest),
    /// A plugin was not admitted.
    #[error("the plugin {digest} was not admitted")]
    NotAdmitted {
        /// The digest of the plugin's file.
        digest: Digest,
        /// Why the plugin was not admitted.
        #[source]
        source: plugin::admit::Error,
    },
    /// A plugin is banned.
    #[error("the plugin {digest} is banned ({why}), so it runs for no cart")]
    Banned {
        /// The digest of the plugin's file.
        digest: Digest,
        /// The reason of the ban.
        why: String,
    },
    /// A cart that was to be removed has queued deliveries or dead letters.
    #[error(
        "cart {cart} was not removed: {} for it, and it has {}",
        if *queued == 1 { "1 update waits".to_owned() } else { counted(*queued, "update") + " wait" },
        counted(*dead, "dead letter")
    )]
    CartHasQueue {
        /// The cart that was not removed.
        cart: CartId,
        /// The number of deliveries that wait or are under way.
        queued: u64,
        /// The number of dead letters.
        dead: u64,
    },
    /// Attempts that are under way at a cart to be removed do not end.
    #[error(
        "cart {cart} was not removed: an attempt is still under way, so {under_way} of its updates could not be discarded; the cart is \
         disabled now, so try again in a minute"
    )]
    CartBusy {
        /// The cart that was not removed.
        cart: CartId,
        /// The number of deliveries that were left alone.
        under_way: u64,
    },
    /// The disk is nearly full.
    #[error(
        "nothing was accepted: only {} are free on the disk of the data directory, and {} are needed; free some disk space, then send again",
        cartage_store::data_dir::disk_level::free(*free_bytes), cartage_store::data_dir::disk_level::free(cartage_store::data_dir::disk_level::ACCEPT_BYTES_MIN)
    )]
    NoRoom {
        /// The free space, in bytes.
        free_bytes: u64,
    },
    /// A credential that the definition reads from elsewhere could not be fetched.
    #[error(transparent)]
    Secret(#[from] cartage_egress::secrets::Error),
    /// A credential cannot be used.
    #[error("could not set the credential of cart {cart}; nothing was changed")]
    Credential {
        /// The cart with this credential.
        cart: CartId,
        /// What is wrong with the credential.
        #[source]
        source: credential::Error,
    },
    /// None of the endpoints that a credential serves is bound by the cart.
    #[error("could not set the credential {slot} of cart {cart}: none of its endpoints is bound, so there is no host to send it to")]
    CredentialUnbound {
        /// The cart with this credential.
        cart: CartId,
        /// The credential slot's name.
        slot: String,
    },
    /// A credential is bound to other origins than its endpoints have now.
    #[error("cart {cart} is not ready: {what}")]
    CredentialMoved {
        /// The cart with this credential.
        cart: CartId,
        /// The first such slot.
        slot: String,
        /// The old and the new origins of the slot, for people.
        what: String,
    },
    /// The cart's definition sets a field that log-ins replace, where it cannot be changed.
    #[error(
        "cart {cart} is not ready: its answers to log-ins replace the field {field} of the credential slot {slot}, and a new value is not used while the \
         cart's definition sets this field"
    )]
    CredentialReplaced {
        /// The cart with this definition.
        cart: CartId,
        /// The credential slot's name.
        slot: String,
        /// The field's name.
        field: String,
    },
    /// An operation on a token failed.
    #[error(transparent)]
    Token(#[from] super::access_tokens::Error),
    /// The cart could not be made ready.
    #[error("could not make cart {cart} ready")]
    CartClient {
        /// The cart that was to be made ready.
        cart: CartId,
        /// The error that prevented it.
        #[source]
        source: Box<deliver::Error>,
    },
}

impl Error {
    /// Whether the error is about this machine (its files, memory or disk) and not about the request: the same request may succeed once
    /// that is mended, so such an error is never stored as an answer.
    pub fn is_fault(&self) -> bool {
        match self {
            Error::DataDir(_)
            | Error::Store(_)
            | Error::StoredCart { .. }
            | Error::Kept { .. }
            | Error::Runtime(_)
            | Error::PluginDamaged { .. }
            | Error::PluginUnknown { .. }
            | Error::PluginFolder { .. }
            | Error::KeepPlugin { .. }
            | Error::NoRoom { .. }
            | Error::Token(super::access_tokens::Error::Store(_)) => true,
            Error::Outbox(error) => matches!(error, outbox::Error::Store(_)),
            Error::Vault(error) => error.is_fault(),
            Error::PluginFile { source, .. } => source.fault().is_some_and(|fault| !fault.is_fact()),
            Error::NotAdmitted { source, .. } => source.is_fault(),
            Error::Secret(source) => source.is_fault(),
            Error::CartClient { source, .. } => Fault::within(&**source).is_some_and(|fault| !fault.is_fact()),
            Error::NoCart { .. }
            | Error::Parameter(_)
            | Error::Event(_)
            | Error::Label(_)
            | Error::Invalid(_)
            | Error::Refused(_)
            | Error::KeyReused { .. }
            | Error::KeyInUse
            | Error::Changed(_)
            | Error::DefinitionChanged { .. }
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

    /// What a person can do, asked of this error and of the errors below it; `None` where the messages say it.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Error::DataDir(error) => return error.remedy(),
            Error::Store(error) => return error.remedy(),
            Error::Vault(error) => return error.remedy(),
            Error::Outbox(error) => return error.remedy(),
            Error::Parameter(error) => return error.remedy(),
            Error::Event(error) => return error.remedy(),
            Error::Secret(error) => return error.remedy(),
            Error::Token(error) => return error.remedy(),
            Error::Credential { source, .. } => return source.remedy(),
            Error::NotAdmitted { source, .. } => return source.remedy(),
            Error::PluginUnknown { source, .. } => return source.remedy(),
            Error::CartClient { cart, source } => source.remedy().unwrap_or_else(|| Remedy::CorrectCart { cart: cart.clone() }),
            Error::NoCart { nearest: None, .. } => Remedy::ListCarts,
            Error::StoredCart { cart, .. } => Remedy::LoadCartAgain { cart: cart.clone() },
            Error::PluginFile { .. } if !self.is_fault() => Remedy::AddPluginFile,
            Error::PluginDamaged { .. } => Remedy::ReplacePluginFile { cart: None },
            Error::Changed(wrong) => Remedy::AcceptPluginFile { cart: wrong.cart.clone() },
            Error::Banned { digest, .. } => Remedy::LiftBan { digest: *digest },
            Error::CartHasQueue { cart, .. } => Remedy::DiscardQueue { cart: cart.clone() },
            Error::CredentialUnbound { cart, .. } => Remedy::BindEndpoint { cart: cart.clone() },
            Error::CredentialMoved { cart, slot, .. } => Remedy::ApproveOrigins { cart: cart.clone(), slot: slot.clone() },
            Error::CredentialReplaced { cart, slot, field } => {
                Remedy::SealReplaced { cart: cart.clone(), slot: slot.clone(), field: field.clone() }
            }
            Error::NoCart { .. }
            | Error::PluginFile { .. }
            | Error::Kept { .. }
            | Error::Label(_)
            | Error::Invalid(_)
            | Error::Refused(_)
            | Error::KeyReused { .. }
            | Error::KeyInUse
            | Error::Runtime(_)
            | Error::PluginFolder { .. }
            | Error::KeepPlugin { .. }
            | Error::CartBusy { .. }
            | Error::DefinitionChanged { .. }
            | Error::NoRoom { .. } => return None,
        })
    }

    /// The error for stored content that this release cannot read.
    pub(super) fn kept<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl Fn(E) -> Error {
        move |source| Error::Kept { what, source: Box::new(source) }
    }

    /// The error for a cart that could not be made ready.
    pub(super) fn client(cart: &CartId) -> impl FnOnce(deliver::Error) -> Error {
        let cart = cart.clone();
        move |source| Error::CartClient { cart, source: Box::new(source) }
    }
}
