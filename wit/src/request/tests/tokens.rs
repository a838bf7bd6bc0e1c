//! Slots that are applied by a token or a signature, where these can be had.

use super::*;
use crate::manifest::{Manifest, SlotKind, TokenPlacement};

#[test]
fn tokens_and_signatures_are_applied_where_they_can_be_had() {
    let record = |request| check_with_tokens(request, &manifest(), &grants(), None).map(|allowed| allowed.wire_record());
    let header = |slot: &str| {
        let wire = record(with_auth(&[slot])).expect("the slot can be applied");
        wire.headers.iter().map(|header| (header.name.clone(), String::from_utf8_lossy(&header.value).into_owned())).next_back()
    };
    for (slot, value) in [("oauth1", "OAuth [oauth1.signature]"), ("oauth2", "Bearer [oauth2.token]"), ("login", "Bearer [login.session]")]
    {
        assert_eq!(header(slot), Some(("authorization".to_owned(), value.to_owned())));
    }
    let denied = |request| record(request).map(drop).map_err(|denied| denied.kind);
    assert_eq!(denied(with_auth(&["oauth2", "bearer"])), Err(ErrorKind::CredentialDenied), "two would set the header");
    let own = post("application/json", vec![secret("login", "form-key", Escape::None)]);
    assert_eq!(record(own).expect("a token is a part like any other").body, Some(b"[login.form-key]".to_vec()));
    let mut clear = grants();
    clear.endpoints.get_mut("api").expect("the sample binds it").secrets = SecretsInClear::Denied;
    let kind = |slot| check_with_tokens(with_auth(&[slot]), &manifest(), &clear, None).map(drop).map_err(|denied| denied.kind);
    assert_eq!(kind("oauth1"), Ok(()), "a signature says nothing of its key");
    assert_eq!((kind("oauth2"), kind("login")), (Err(ErrorKind::CredentialDenied), Err(ErrorKind::CredentialDenied)));
}

#[test]
fn tokens_go_into_queries_and_cookies_as_well() {
    let mut manifest = manifest();
    let slot = manifest.slots.iter_mut().find(|slot| slot.name == "login").expect("the sample has it");
    let SlotKind::Login(login) = &mut slot.kind else { panic!("it is a log-in") };
    login.tokens[0].apply = Some(TokenPlacement::Cookie("sid".into()));
    login.tokens[1].apply = Some(TokenPlacement::Cookie("csrf".into()));
    let record = |manifest: &Manifest| check_with_tokens(with_auth(&["login"]), manifest, &grants(), None).expect("it fits").wire_record();
    let wire = record(&manifest);
    let cookies: Vec<_> = wire.headers.iter().filter(|header| header.name == "cookie").map(|header| header.value.as_slice()).collect();
    assert_eq!(cookies, [b"sid=[login.session]; csrf=[login.form-key]".as_slice()]);
    let slot = manifest.slots.iter_mut().find(|slot| slot.name == "login").expect("the sample has it");
    let SlotKind::Login(login) = &mut slot.kind else { panic!("it is a log-in") };
    login.tokens[1].apply = Some(TokenPlacement::Query("key".into()));
    assert!(record(&manifest).url.ends_with("key=[login.form-key]"), "{:?}", record(&manifest).url);
}
