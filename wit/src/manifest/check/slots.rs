//! The rules for credential slots.

use super::endpoints::HEADER_NAME;
use super::{Check, LIST_ENTRIES_MAX, NAME, TEXT_CHARACTERS_MAX, is_lower_token};
use crate::encoding;
use crate::http::Part;
use crate::manifest::{
    HeaderPlacement, Login, LoginToken, Manifest, Oauth2, Slot, SlotKind, TokenPlacement, TokenSource, is_host_owned_header, is_name,
};
use crate::request::{declared, request_of};

/// A field that slots of a kind must have.
struct Needed {
    name: &'static str,
    /// Whether the field must be marked as a secret.
    secret: bool,
    /// Whether the field must be marked as required.
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
            self.alternative(slot, manifest, &format!("{item}.alternative"));
            self.extra(&slot.extra, &item);
            let kind = format!("{item}.kind");
            match &slot.kind {
                SlotKind::Header(placement) => self.placement(placement, &kind),
                SlotKind::Query(name) => self.value(name, &kind),
                SlotKind::Oauth2ClientCredentials(oauth2) => self.oauth2(oauth2, manifest, &kind),
                SlotKind::Login(login) => self.login(login, slot, manifest, &kind),
                SlotKind::Other(extension) => _ = self.extension(extension, &manifest.requires, &kind),
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

    fn alternative(&mut self, slot: &Slot, manifest: &Manifest, item: &str) {
        let Some(name) = &slot.alternative else { return };
        if self.rule(is_name(name), item, NAME) {
            self.rule(manifest.alternatives(name).count() > 1, item, "is shared by at least two slots, which stand for each other");
        }
        self.rule(!slot.required, item, "is of slots that are not required by themselves, because one of them is enough");
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
            self.rule(!is_host_owned_header(&placement.name), item, "is a header that the host does not set itself");
        }
        let visible = placement.prefix.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let fits = visible && !placement.prefix.starts_with(' ') && placement.prefix.len() <= TEXT_CHARACTERS_MAX;
        self.rule(fits, item, "has a prefix of visible ASCII characters and spaces, no space first");
    }

    fn oauth2(&mut self, oauth2: &Oauth2, manifest: &Manifest, item: &str) {
        let exists = manifest.endpoint(&oauth2.token_endpoint).is_some();
        self.rule(exists, &format!("{item}.token-endpoint"), "is the name of an endpoint");
        if let Some(scope) = &oauth2.scope {
            // The characters of a scope token (RFC 6749, section 3.3).
            let token = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
            let fits = scope.len() <= TEXT_CHARACTERS_MAX && scope.split(' ').all(|scope| !scope.is_empty() && scope.bytes().all(token));
            self.rule(fits, &format!("{item}.scope"), "is a list of scopes with one space between them");
        }
        if let Err(error) = encoding::check_path(&oauth2.path) {
            self.rule(false, &format!("{item}.path"), &format!("is a path in its normal form: {error}"));
        }
        self.list(&oauth2.parameters, 0, LIST_ENTRIES_MAX, &format!("{item}.parameters"));
        for (at, (name, value)) in oauth2.parameters.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let fits = |text: &str| (1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count()) && !text.contains(char::is_control);
            self.rule(fits(name) && fits(value), &format!("{item}.parameters[{at}]"), "is a name and a value of 1 to 1000 characters");
            let own = ["grant_type", "scope", "client_id", "client_secret"].contains(&name.as_str());
            self.rule(!own, &format!("{item}.parameters[{at}]"), "is a field that the host does not set itself");
        }
        self.token_placement(&oauth2.apply, &format!("{item}.apply"));
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
        self.login_auth(login, slot, manifest, &format!("{item}.auth"));
        self.list(&login.tokens, 1, LIST_ENTRIES_MAX, &format!("{item}.tokens"));
        let items = self.names(login.tokens.iter().map(|token| token.name.as_str()), &format!("{item}.tokens"));
        for (LoginToken { name, source, apply }, item) in login.tokens.iter().zip(items).take(LIST_ENTRIES_MAX) {
            self.rule(slot.field(name).is_none(), &format!("{item}.name"), "is no field of the slot");
            self.token_source(source, &format!("{item}.source"));
            if let Some(apply) = apply {
                self.token_placement(apply, &format!("{item}.apply"));
            }
        }
        self.list(&login.replaces, 0, LIST_ENTRIES_MAX, &format!("{item}.replaces"));
        let fields: Vec<&str> = login.replaces.iter().map(|replaced| replaced.field.as_str()).collect();
        self.once(&fields, &format!("{item}.replaces"));
        for (at, replaced) in login.replaces.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let secret = slot.field(&replaced.field).is_some_and(|field| field.secret);
            self.rule(secret, &format!("{item}.replaces[{at}].field"), "is a secret field of the slot");
            self.token_source(&replaced.source, &format!("{item}.replaces[{at}].source"));
        }
        self.rule(login.lifetime_s != Some(0), &format!("{item}.lifetime-s"), "is at least 1");
        if let Some(pointer) = &login.lifetime_pointer {
            self.pointer(pointer, &format!("{item}.lifetime-pointer"));
        }
    }

    /// Checks the slots that a log-in uses. They may not be log-ins, because a log-in that needed another one could wait for itself.
    fn login_auth(&mut self, login: &Login, slot: &Slot, manifest: &Manifest, item: &str) {
        self.list(&login.auth, 0, LIST_ENTRIES_MAX, item);
        self.once(&login.auth, item);
        for (at, name) in login.auth.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let item = format!("{item}[{at}]");
            let Some(other) = manifest.slot(name).filter(|other| other.name != slot.name) else {
                self.rule(false, &item, "is the name of another slot");
                continue;
            };
            let plain =
                matches!(other.kind, SlotKind::Basic | SlotKind::Bearer | SlotKind::Header(_) | SlotKind::Query(_) | SlotKind::FormField);
            self.rule(plain, &item, "is a slot that needs no log-in and no signature of its own");
            self.rule(other.endpoints.contains(&login.endpoint), &item, "is a slot that lists the endpoint of the log-in");
        }
    }

    fn token_source(&mut self, source: &TokenSource, item: &str) {
        match source {
            TokenSource::Header(name) => {
                self.rule(is_lower_token(name), item, HEADER_NAME);
                self.rule(!matches!(name.as_str(), "set-cookie" | "set-cookie2"), item, "is not a cookie, which has a case of its own");
            }
            TokenSource::JsonPointer(pointer) if pointer.is_empty() => {}
            TokenSource::JsonPointer(pointer) => self.pointer(pointer, item),
            TokenSource::Cookie(name) => self.cookie(name, item),
            TokenSource::Body => {}
        }
    }

    fn token_placement(&mut self, placement: &TokenPlacement, item: &str) {
        match placement {
            TokenPlacement::Header(placement) => self.placement(placement, item),
            TokenPlacement::Query(name) => self.value(name, item),
            TokenPlacement::Cookie(name) => self.cookie(name, item),
        }
    }

    fn cookie(&mut self, name: &str, item: &str) {
        self.rule(is_lower_token(&name.to_ascii_lowercase()), item, "is a cookie's name");
    }

    /// Checks a JSON pointer (RFC 6901).
    fn pointer(&mut self, pointer: &str, item: &str) {
        let escapes = pointer.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        let fits = pointer.starts_with('/') && escapes && pointer.len() <= TEXT_CHARACTERS_MAX && !pointer.contains(char::is_control);
        self.rule(fits, item, "is a JSON pointer such as /data/token");
    }
}

fn needed_fields(kind: &SlotKind) -> &'static [Needed] {
    match kind {
        // Some carts take a key as the user name and an empty password.
        SlotKind::Basic => const { &[identifying("username"), Needed { name: "password", secret: true, required: false }] },
        SlotKind::Bearer => const { &[secret("token")] },
        SlotKind::Header(_) | SlotKind::Query(_) => const { &[identifying("value")] },
        SlotKind::MacKey(_) => const { &[secret("key")] },
        SlotKind::Oauth1(_) => const { &[identifying("consumer-key"), secret("consumer-secret")] },
        SlotKind::Oauth2ClientCredentials(_) => const { &[identifying("client-id"), secret("client-secret")] },
        SlotKind::FormField | SlotKind::Login(_) | SlotKind::Other(_) => &[],
    }
}
