//! The rules of credential slots.

use super::endpoints::HEADER_NAME;
use super::{Check, LIST_ENTRIES_MAX, TEXT_CHARACTERS_MAX, is_lower_token};
use crate::http::{Part, Request};
use crate::manifest::{HeaderPlacement, Login, Manifest, Oauth2, Slot, SlotKind, TokenPlacement, TokenSource, is_host_owned_header};
use crate::request::declared;

/// A field that a kind must have.
struct Needed {
    name: &'static str,
    /// Whether it must be marked as a secret.
    secret: bool,
    /// Whether it must be marked as required.
    required: bool,
}

const fn identifying(name: &'static str) -> Needed {
    Needed { name, secret: false, required: true }
}

const fn secret(name: &'static str) -> Needed {
    Needed { name, secret: true, required: true }
}

impl Check {
    pub(super) fn slots(&mut self, manifest: &Manifest) {
        self.list(&manifest.slots, 0, LIST_ENTRIES_MAX, "slots");
        let items = self.names(manifest.slots.iter().map(|slot| slot.name.as_str()), "slots");
        for (slot, item) in manifest.slots.iter().zip(items).take(LIST_ENTRIES_MAX) {
            self.text(&slot.purpose, &format!("{item}.purpose"));
            self.slot_fields(slot, &item);
            self.slot_endpoints(slot, manifest, &format!("{item}.endpoints"));
            let kind = format!("{item}.kind");
            match &slot.kind {
                SlotKind::Header(placement) => self.placement(placement, &kind),
                SlotKind::Query(name) => self.value(name, &kind),
                SlotKind::Oauth2ClientCredentials(oauth2) => self.oauth2(oauth2, manifest, &kind),
                SlotKind::Login(login) => self.login(login, slot, manifest, &kind),
                SlotKind::Basic | SlotKind::Bearer | SlotKind::FormField | SlotKind::MacKey(_) | SlotKind::Oauth1(_) => {}
            }
        }
    }

    fn slot_fields(&mut self, slot: &Slot, item: &str) {
        let list = format!("{item}.fields");
        self.list(&slot.fields, 1, LIST_ENTRIES_MAX, &list);
        let items = self.names(slot.fields.iter().map(|field| field.name.as_str()), &list);
        for (field, item) in slot.fields.iter().zip(items).take(LIST_ENTRIES_MAX) {
            self.text(&field.purpose, &format!("{item}.purpose"));
        }
        for needed in needed_fields(&slot.kind) {
            let Some(field) = slot.field(needed.name) else {
                self.rule(false, &list, &format!("has a field {}, as the kind {} needs", needed.name, slot.kind));
                continue;
            };
            let item = format!("{list}.{}", needed.name);
            self.rule(field.secret || !needed.secret, &item, "is marked as a secret");
            self.rule(field.required || !needed.required, &item, "is marked as required");
        }
        if matches!(slot.kind, SlotKind::Oauth1(_)) {
            let pair = (slot.field("token"), slot.field("token-secret"));
            self.rule(pair.0.is_some() == pair.1.is_some(), &list, "has both of token and token-secret, or neither");
            self.rule(pair.1.is_none_or(|field| field.secret), &format!("{list}.token-secret"), "is marked as a secret");
        }
    }

    fn slot_endpoints(&mut self, slot: &Slot, manifest: &Manifest, list: &str) {
        self.list(&slot.endpoints, 0, LIST_ENTRIES_MAX, list);
        self.once(&slot.endpoints, list);
        let only_signs = matches!(slot.kind, SlotKind::MacKey(_)) || slot.hashed;
        self.rule(only_signs || !slot.endpoints.is_empty(), list, "has at least 1 entry, but for a key that only signs or is hashed");
        for (at, endpoint) in slot.endpoints.iter().enumerate().take(LIST_ENTRIES_MAX) {
            self.rule(manifest.endpoint(endpoint).is_some(), &format!("{list}[{at}]"), "is the name of an endpoint");
        }
    }

    fn placement(&mut self, placement: &HeaderPlacement, item: &str) {
        if self.rule(is_lower_token(&placement.name), item, HEADER_NAME) {
            let free = placement.name == "authorization" || !is_host_owned_header(&placement.name);
            self.rule(free, item, "is authorization or a header that the host does not set itself");
        }
        let visible = placement.prefix.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let fits = visible && !placement.prefix.starts_with(' ') && placement.prefix.len() <= TEXT_CHARACTERS_MAX;
        self.rule(fits, item, "has a prefix of visible ASCII characters and spaces, no space first");
    }

    fn oauth2(&mut self, oauth2: &Oauth2, manifest: &Manifest, item: &str) {
        let exists = manifest.endpoint(&oauth2.token_endpoint).is_some();
        self.rule(exists, &format!("{item}.token-endpoint"), "is the name of an endpoint");
        if let Some(scope) = &oauth2.scope {
            // RFC 6749, section 3.3.
            let token = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
            let fits = scope.len() <= TEXT_CHARACTERS_MAX && scope.split(' ').all(|scope| !scope.is_empty() && scope.bytes().all(token));
            self.rule(fits, &format!("{item}.scope"), "is a list of scopes with one space between them");
        }
    }

    fn login(&mut self, login: &Login, slot: &Slot, manifest: &Manifest, item: &str) {
        let Some(endpoint) = manifest.endpoint(&login.endpoint) else {
            self.rule(false, &format!("{item}.endpoint"), "is the name of an endpoint");
            return;
        };
        if let Err(denied) = declared::check(&request_of(login), endpoint, None) {
            self.rule(false, item, &format!("is a request that its endpoint allows: {denied}"));
        }
        let values =
            login.query.iter().filter_map(|pair| pair.value.as_deref()).chain(login.headers.iter().map(|header| header.value.as_slice()));
        for part in values.chain(login.body.as_deref()).flatten() {
            if let Part::Secret(part) = part {
                let own = part.slot == slot.name && slot.field(&part.field).is_some();
                self.rule(own, item, "holds no fields but the slot's own");
            }
        }
        match &login.token {
            TokenSource::Header(name) => _ = self.rule(is_lower_token(name), &format!("{item}.token"), HEADER_NAME),
            TokenSource::JsonPointer(pointer) => self.pointer(pointer, &format!("{item}.token")),
        }
        match &login.apply {
            TokenPlacement::Header(placement) => self.placement(placement, &format!("{item}.apply")),
            TokenPlacement::Query(name) => self.value(name, &format!("{item}.apply")),
            TokenPlacement::Cookie(name) => {
                let token = is_lower_token(&name.to_ascii_lowercase());
                self.rule(token, &format!("{item}.apply"), "is a cookie's name");
            }
        }
        self.rule(login.lifetime_s != Some(0), &format!("{item}.lifetime-s"), "is at least 1");
        if let Some(pointer) = &login.lifetime_pointer {
            self.pointer(pointer, &format!("{item}.lifetime-pointer"));
        }
    }

    /// RFC 6901.
    fn pointer(&mut self, pointer: &str, item: &str) {
        let escapes = pointer.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        let fits = pointer.starts_with('/') && escapes && pointer.len() <= TEXT_CHARACTERS_MAX && !pointer.contains(char::is_control);
        self.rule(fits, item, "is a JSON pointer such as /data/token");
    }
}

fn needed_fields(kind: &SlotKind) -> &'static [Needed] {
    match kind {
        // Some carts take a key as the user name and nothing as the password.
        SlotKind::Basic => const { &[identifying("username"), Needed { name: "password", secret: true, required: false }] },
        SlotKind::Bearer => const { &[secret("token")] },
        SlotKind::Header(_) | SlotKind::Query(_) => const { &[identifying("value")] },
        SlotKind::MacKey(_) => const { &[secret("key")] },
        SlotKind::Oauth1(_) => const { &[identifying("consumer-key"), secret("consumer-secret")] },
        SlotKind::Oauth2ClientCredentials(_) => const { &[identifying("client-id"), secret("client-secret")] },
        SlotKind::FormField | SlotKind::Login(_) => &[],
    }
}

/// The log-in as the request that the host will make.
fn request_of(login: &Login) -> Request {
    Request {
        endpoint: login.endpoint.clone(),
        method: login.method,
        path: login.path.clone(),
        query: login.query.clone(),
        headers: login.headers.clone(),
        body: login.body.clone(),
        auth: Vec::new(),
        renew: false,
    }
}
