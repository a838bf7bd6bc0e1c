//! The headers and query pairs of slots that are applied by a token or a signature: OAuth and described log-ins.

use super::oauth1;
use crate::manifest::{HeaderPlacement, Oauth1, Oauth1Placement, Slot, SlotKind, TokenPlacement};

/// The placements of a slot, each by the name of the field that stands for the token or the signature. Empty for all other kinds of slots.
pub(super) fn placements(slot: &Slot) -> Vec<(&str, TokenPlacement)> {
    match &slot.kind {
        SlotKind::Oauth1(oauth1) => vec![(
            "signature",
            match oauth1.placement {
                Oauth1Placement::Header => {
                    TokenPlacement::Header(HeaderPlacement { name: "authorization".to_owned(), prefix: "OAuth ".to_owned() })
                }
                Oauth1Placement::Query => TokenPlacement::Query("oauth_signature".to_owned()),
            },
        )],
        SlotKind::Oauth2ClientCredentials(oauth2) => vec![("token", oauth2.apply.clone())],
        SlotKind::Login(login) => login.tokens.iter().filter_map(|token| Some((token.name.as_str(), token.apply.clone()?))).collect(),
        SlotKind::Basic
        | SlotKind::Bearer
        | SlotKind::Header(_)
        | SlotKind::Query(_)
        | SlotKind::FormField
        | SlotKind::MacKey(_)
        | SlotKind::Other(_) => Vec::new(),
    }
}

/// The headers that a slot sets when the whole slot is applied, each once.
pub(super) fn headers_of(slot: &Slot) -> Vec<String> {
    match &slot.kind {
        SlotKind::Basic | SlotKind::Bearer => vec!["authorization".to_owned()],
        SlotKind::Header(placement) => vec![placement.name.clone()],
        _ => {
            let mut headers = Vec::new();
            for (_, placement) in placements(slot) {
                let header = match placement {
                    TokenPlacement::Header(placement) => placement.name,
                    TokenPlacement::Cookie(_) => "cookie".to_owned(),
                    TokenPlacement::Query(_) => continue,
                };
                if !headers.contains(&header) {
                    headers.push(header);
                }
            }
            headers
        }
    }
}

/// The query pairs that a slot sets when the whole slot is applied, each with its field.
pub(super) fn pairs_of(slot: &Slot) -> Vec<(String, &str)> {
    if let SlotKind::Query(name) = &slot.kind {
        return vec![(name.clone(), "value")];
    }
    if let SlotKind::Oauth1(Oauth1 { placement: Oauth1Placement::Query, .. }) = &slot.kind {
        return oauth1::PARAMETERS.iter().map(|(name, field)| ((*name).to_owned(), *field)).collect();
    }
    let pair = |(field, placement)| if let TokenPlacement::Query(name) = placement { Some((name, field)) } else { None };
    placements(slot).into_iter().filter_map(pair).collect()
}
