//! A cart's way out: its endpoints, grants, credentials and connections.

use super::session::{SendMode, Session};
use super::shared::Shared;
use cartage_contract::delivery;
use cartage_contract::manifest::SlotKind;
use std::fmt;
use std::sync::Arc;

/// A cart's way out, opened by [`Egress::open`](super::Egress::open). Every call of the cart's plugin has a [`Session`] of its own. The sessions
/// share the cart's egress's connections, which no other cart uses.
#[derive(Clone)]
pub struct CartEgress(pub(super) Arc<Shared>);

impl fmt::Debug for CartEgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CartEgress").field("grants", &self.0.grants).finish_non_exhaustive()
    }
}

impl CartEgress {
    /// Begins a session for one call. A request's `idempotency-key` must start with the delivery's id.
    pub fn session(&self, mode: SendMode, delivery_id: Option<&str>) -> Session {
        Session::new(Arc::clone(&self.0), mode, delivery_id)
    }

    /// The base URLs of the endpoints, as a plugin is told them: in the manifest's order.
    pub fn endpoints(&self) -> Vec<delivery::BoundEndpoint> {
        let Shared { manifest, grants, .. } = &*self.0;
        let bound = manifest.endpoints.iter().filter_map(|endpoint| grants.endpoints.get_key_value(&endpoint.name));
        bound.map(|(name, bound)| delivery::BoundEndpoint { name: name.clone(), base_url: bound.base.as_str().to_owned() }).collect()
    }

    /// The slot and the name of each field that log-ins replace, for slots that hold a value.
    pub fn replaced(&self) -> Vec<(String, String)> {
        let Shared { manifest, grants, .. } = &*self.0;
        let mut replaced = Vec::new();
        for slot in manifest.slots.iter().filter(|slot| grants.slots.contains_key(&slot.name)) {
            if let SlotKind::Login(login) = &slot.kind {
                replaced.extend(login.replaces.iter().map(|field| (slot.name.clone(), field.field.clone())));
            }
        }
        replaced
    }

    /// The names of the slots that hold a value, as a plugin is told them: in the manifest's order.
    pub fn bound_slots(&self) -> Vec<String> {
        let Shared { manifest, grants, .. } = &*self.0;
        manifest.slots.iter().map(|slot| slot.name.clone()).filter(|name| grants.slots.contains_key(name)).collect()
    }
}
