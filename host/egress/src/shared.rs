//! What the sessions of one cart share.

use super::client::Client;
use super::credential::CredentialValues;
use super::scrub::Scrubber;
use super::tokens::Keeping;
use cartage_base::clock::Clock;
use cartage_contract::grants::Grants;
use cartage_contract::manifest::Manifest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The data of a cart's egress, shared by its sessions.
pub(super) struct Shared {
    pub(super) manifest: Arc<Manifest>,
    pub(super) grants: Grants,
    pub(super) credentials: CredentialValues,
    pub(super) scrubber: Scrubber,
    pub(super) clients: BTreeMap<String, Client>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keeping: Keeping,
    /// By slot: a hash of the settings with which the slot's tokens must have been obtained.
    pub(super) fingerprints: BTreeMap<String, [u8; 32]>,
}
