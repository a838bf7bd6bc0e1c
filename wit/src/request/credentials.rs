//! Checks the credentials that a request uses: secret parts, and slots that are applied whole.

use super::Denied;
use super::declared::{FORM, may_have_body, media_type};
use super::oauth1;
use super::tokens::{headers_of, pairs_of, placements};
use crate::grants::{BoundEndpoint, Grants, SecretsInClear};
use crate::http::{ErrorKind, Part, Request, SecretPart};
use crate::manifest::{Manifest, Slot, SlotKind};
use crate::parts::{Field, Fields, Shown, Unusable, granted_field, granted_slot};
use std::collections::BTreeSet;

impl From<Unusable> for Denied {
    fn from(unusable: Unusable) -> Denied {
        Denied::new(ErrorKind::CredentialDenied, unusable.to_string())
    }
}

/// The cart's credentials that a request uses.
#[derive(Default)]
pub(super) struct Used {
    pub(super) fields: Fields,
    /// The slots that are applied whole, in the request's order.
    pub(super) auth: Vec<Slot>,
    /// The names of the slots whose tokens the request carries.
    pub(super) tokens: BTreeSet<String>,
}

/// The credentials that the request uses, if all of them are allowed.
pub(super) fn check(request: &Request, manifest: &Manifest, grants: &Grants, bound: &BoundEndpoint) -> Result<Used, Denied> {
    Rules { request, manifest, grants, bound, own: None }.check()
}

/// As [`check`], for the log-in of a slot. The slot need not list the endpoint of the log-in.
pub(super) fn check_login(
    request: &Request,
    slot: &Slot,
    manifest: &Manifest,
    grants: &Grants,
    bound: &BoundEndpoint,
) -> Result<Used, Denied> {
    Rules { request, manifest, grants, bound, own: Some(&slot.name) }.check()
}

struct Rules<'a> {
    request: &'a Request,
    manifest: &'a Manifest,
    grants: &'a Grants,
    bound: &'a BoundEndpoint,
    /// The slot whose log-in this is. `None` if the request is the plugin's own.
    own: Option<&'a str>,
}

impl<'a> Rules<'a> {
    fn check(&self) -> Result<Used, Denied> {
        let mut used = Used::default();
        for part in secret_parts(self.request) {
            self.part(part, &mut used)?;
        }
        for name in &self.request.auth {
            let slot = self.whole(name, &mut used)?;
            self.fits_beside(slot, &used.auth)?;
            used.auth.push(slot.clone());
        }
        Ok(used)
    }

    /// Checks a field of a slot that the plugin places itself.
    fn part(&self, part: &SecretPart, used: &mut Used) -> Result<(), Denied> {
        let slot = self.slot(&part.slot)?;
        if let SlotKind::Login(login) = &slot.kind
            && login.tokens.iter().any(|token| token.name == part.field)
        {
            return self.token(slot, &part.field, used);
        }
        let (declared, field) = granted_field(slot, &part.field, self.grants)?;
        if declared.secret {
            if matches!(slot.kind, SlotKind::MacKey(_) | SlotKind::Oauth1(_)) {
                return Err(denied(slot, "holds a key that only signs and is never sent; its secret fields cannot be parts of a request"));
            }
            self.in_clear(slot)?;
        }
        used.fields.insert(&part.slot, &part.field, field);
        Ok(())
    }

    /// Checks a slot in `auth`.
    fn whole(&self, name: &str, used: &mut Used) -> Result<&'a Slot, Denied> {
        let slot = self.slot(name)?;
        let needed: &[&str] = match &slot.kind {
            SlotKind::Basic => &["username", "password"],
            SlotKind::Bearer => &["token"],
            SlotKind::Header(_) | SlotKind::Query(_) => &["value"],
            SlotKind::FormField => &[],
            SlotKind::MacKey(_) => return Err(denied(slot, "holds a key that only signs; use it with signing.mac")),
            SlotKind::Oauth1(_) => return self.signed(slot, used),
            SlotKind::Oauth2ClientCredentials(_) | SlotKind::Login(_) => {
                slot.fields.iter().try_for_each(|field| granted_field(slot, &field.name, self.grants).map(drop))?;
                placements(slot).into_iter().try_for_each(|(token, _)| self.token(slot, token, used))?;
                // A log-in without applied tokens must still take place, because the request names its slot.
                used.tokens.insert(slot.name.clone());
                return Ok(slot);
            }
            SlotKind::Other(_) => return Err(unsupported(slot)),
        };
        for field in slot.fields.iter().map(|field| field.name.as_str()).chain(needed.iter().copied()) {
            let (_, usable) = granted_field(slot, field, self.grants)?;
            used.fields.insert(&slot.name, field, usable);
        }
        if slot.fields.iter().any(|field| field.secret) {
            self.in_clear(slot)?;
        }
        Ok(slot)
    }

    /// Checks a token of a slot. A token may not be sent unencrypted.
    fn token(&self, slot: &Slot, token: &str, used: &mut Used) -> Result<(), Denied> {
        self.in_clear(slot)?;
        used.fields.insert(&slot.name, token, Field { secret: true, empty: false });
        used.tokens.insert(slot.name.clone());
        Ok(())
    }

    /// Checks a slot that signs by OAuth 1.0a. It may be used without encryption, because a signature does not reveal its key.
    fn signed(&self, slot: &'a Slot, used: &mut Used) -> Result<&'a Slot, Denied> {
        for field in &slot.fields {
            let (declared, usable) = granted_field(slot, &field.name, self.grants)?;
            used.fields.insert(&slot.name, &declared.name, usable);
        }
        for made in oauth1::MADE {
            used.fields.insert(&slot.name, made, Field { secret: false, empty: false });
        }
        Ok(slot)
    }

    /// Checks that nothing else in the request writes the headers and pairs of this slot, and that there is a place for them.
    fn fits_beside(&self, slot: &Slot, earlier: &[Slot]) -> Result<(), Denied> {
        if earlier.iter().any(|other| other.name == slot.name) {
            return Err(denied(slot, "is named twice in auth; name it once"));
        }
        for header in headers_of(slot) {
            if earlier.iter().any(|other| headers_of(other).contains(&header)) {
                return Err(denied(slot, &format!("sets the header {header}, which another slot in auth sets too")));
            }
            if self.request.headers.iter().any(|given| given.name.eq_ignore_ascii_case(&header)) {
                let reason = format!("header {header} is denied: credential slot {} sets it", slot.name);
                return Err(Denied::new(ErrorKind::HeaderDenied, reason));
            }
        }
        for (pair, _) in pairs_of(slot) {
            if earlier.iter().flat_map(pairs_of).any(|(taken, _)| taken == pair) {
                return Err(denied(slot, &format!("sets the query pair {pair}, which another slot in auth sets too")));
            }
            if self.request.query.iter().any(|given| given.name == pair) {
                return Err(Denied::new(
                    ErrorKind::QueryDenied,
                    format!("query pair {pair} is denied: credential slot {} sets it", slot.name),
                ));
            }
        }
        let is_form = may_have_body(&self.request.method) && media_type(self.request).as_deref() == Some(FORM);
        if slot.kind == SlotKind::FormField && !is_form {
            return Err(denied(slot, &format!("is appended to a form; make it a request with a body of the content type {FORM}")));
        }
        Ok(())
    }

    fn slot(&self, name: &str) -> Result<&'a Slot, Denied> {
        let slot = granted_slot(name, self.manifest, self.grants)?;
        if slot.endpoints.contains(&self.request.endpoint) || self.own == Some(name) {
            return Ok(slot);
        }
        Err(denied(slot, &format!("does not list the endpoint {}; list it in the manifest", Shown::of(&self.request.endpoint))))
    }

    fn in_clear(&self, slot: &Slot) -> Result<(), Denied> {
        match self.bound.secrets {
            SecretsInClear::Accepted => Ok(()),
            SecretsInClear::Denied => Err(denied(
                slot,
                "would cross the network unencrypted; bind the endpoint to https, or accept secrets in clear for it in the cart's definition",
            )),
        }
    }
}

fn secret_parts(request: &Request) -> impl Iterator<Item = &SecretPart> {
    let query = request.query.iter().filter_map(|pair| pair.value.as_deref());
    let headers = request.headers.iter().map(|header| header.value.as_slice());
    query.chain(headers).chain(request.body.as_deref()).flatten().filter_map(|part| match part {
        Part::Secret(part) => Some(part),
        Part::Text(_) | Part::Bytes(_) | Part::Raw(_) => None,
    })
}

fn unsupported(slot: &Slot) -> Denied {
    let reason = format!("credential slot {} is of the kind {}, which this host does not apply yet", slot.name, slot.kind);
    Denied::new(ErrorKind::Unsupported, reason)
}

fn denied(slot: &Slot, reason: &str) -> Denied {
    Denied::new(ErrorKind::CredentialDenied, format!("credential slot {} {reason}", slot.name))
}
