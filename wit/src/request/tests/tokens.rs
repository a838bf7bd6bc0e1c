//! Slots that are applied by a token or a signature, with grants for these.

use super::*;
use crate::grants::Grants;
use crate::growth::Extension;
use crate::manifest::{
    ClientAuthentication, Manifest, Oauth1, Oauth1Placement, Oauth1Signature, Oauth2, SlotField, SlotKind, TokenPlacement,
};
use crate::signing::Algorithm;

#[test]
fn tokens_and_signatures_are_applied_where_they_can_be_had() {
    let record = |request| check(request, &manifest(), &grants(), None).map(|allowed| allowed.wire_record());
    let header = |slot: &str| {
        let wire = record(with_auth(&[slot])).expect("the slot can be applied");
        wire.headers.iter().map(|header| (header.name.clone(), String::from_utf8_lossy(&header.value).into_owned())).next_back()
    };
    let oauth1 = "OAuth oauth_consumer_key=\"[oauth1.consumer-key]\", oauth_nonce=\"[oauth1.nonce]\", oauth_signature_method=\"HMAC-SHA256\", \
                  oauth_timestamp=\"[oauth1.timestamp]\", oauth_version=\"1.0\", oauth_signature=\"[oauth1.signature]\"";
    for (slot, value) in [("oauth1", oauth1), ("oauth2", "Bearer [oauth2.token]"), ("login", "Bearer [login.session]")] {
        assert_eq!(header(slot), Some(("authorization".to_owned(), value.to_owned())));
    }
    let denied = |request| record(request).map(drop).map_err(|denied| denied.kind);
    assert_eq!(denied(with_auth(&["oauth2", "bearer"])), Err(ErrorKind::CredentialDenied), "two would set the header");
    let own = post("application/json", vec![secret("login", "form-key", Escape::None)]);
    assert_eq!(record(own).expect("a token is a part like any other").body, Some(b"[login.form-key]".to_vec()));
    let mut clear = grants();
    clear.endpoints.get_mut("api").expect("the sample binds it").secrets = SecretsInClear::Denied;
    let kind = |slot| check(with_auth(&[slot]), &manifest(), &clear, None).map(drop).map_err(|denied| denied.kind);
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
    let record = |manifest: &Manifest| check(with_auth(&["login"]), manifest, &grants(), None).expect("it fits").wire_record();
    let wire = record(&manifest);
    let cookies: Vec<_> = wire.headers.iter().filter(|header| header.name == "cookie").map(|header| header.value.as_slice()).collect();
    assert_eq!(cookies, [b"sid=[login.session]; csrf=[login.form-key]".as_slice()]);
    let slot = manifest.slots.iter_mut().find(|slot| slot.name == "login").expect("the sample has it");
    let SlotKind::Login(login) = &mut slot.kind else { panic!("it is a log-in") };
    login.tokens[1].apply = Some(TokenPlacement::Query("key".into()));
    assert!(record(&manifest).url.ends_with("key=[login.form-key]"), "{:?}", record(&manifest).url);
}

/// The sample with this placement and signature method in its OAuth 1.0a slot, and with a token pair.
fn signing(placement: Oauth1Placement, signature: Oauth1Signature) -> (Manifest, Grants) {
    let (mut manifest, mut grants) = (manifest(), grants());
    let slot = manifest.slots.iter_mut().find(|slot| slot.name == "oauth1").expect("the sample has it");
    slot.kind = SlotKind::Oauth1(Oauth1 { placement, signature });
    for (name, secret) in [("token", false), ("token-secret", true)] {
        slot.fields.push(SlotField { name: name.into(), purpose: name.into(), secret, required: false });
    }
    grants.endpoints.get_mut("api").expect("the sample binds it").base = BaseUrl::parse("http://example.com/r?b5=%3D%253D").expect("a URL");
    (manifest, grants)
}

struct Rfc;

impl Secrets for Rfc {
    fn field(&self, _: &str, field: &str) -> Option<&str> {
        Some(match field {
            "consumer-key" => "9djdj82h48djs9d2",
            "consumer-secret" => "j49sk3j29djd",
            "token" => "kkk9d7dh3k39sjv7",
            "token-secret" => "dh893hdasih9",
            "timestamp" => "137131201",
            "nonce" => "7d8f3e4a",
            "signature" => "a+/b=",
            _ => return None,
        })
    }
}

/// The input of the request's signature, with the sample's values.
fn input(request: Request, (manifest, grants): &(Manifest, Grants)) -> Oauth1Input {
    let allowed = check(request, manifest, grants, None).expect("it fits");
    assert_eq!(allowed.signing_slot(), Some("oauth1"));
    allowed.oauth1(&Rfc).expect("the secrets fit").expect("it is signed")
}

/// The example of RFC 5849, section 3.4.1.1, with the path of the sample and `oauth_version`.
#[test]
fn what_oauth1_signs_is_the_query_the_form_and_its_own_parameters() {
    let query = |name: &str, value: Option<&str>| QueryPair { name: name.into(), value: value.map(|value| vec![text(value)]) };
    let form = Request {
        query: vec![query("a3", Some("a")), query("c@", None), query("a2", Some("r b"))],
        auth: vec!["oauth1".into()],
        ..post("application/x-www-form-urlencoded", vec![text("c2&a3=2+q")])
    };
    let mut with_pair = signing(Oauth1Placement::Header, Oauth1Signature::HmacSha1);
    with_pair.1.slots.get_mut("oauth1").expect("it is set").extend(["token".to_owned(), "token-secret".to_owned()]);
    let expected = "POST&http%3A%2F%2Fexample.com%2Fr%2Forders%2F7&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26\
                    oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
                    oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7%26oauth_version%3D1.0";
    let signed = input(form.clone(), &with_pair);
    assert_eq!(String::from_utf8_lossy(&signed.message), expected);
    assert_eq!((signed.key.as_slice(), signed.algorithm), (b"j49sk3j29djd&dh893hdasih9".as_slice(), Algorithm::Sha1));
    assert!(!format!("{signed:?}").contains("j49sk3j29djd"), "{signed:?}");
    // With the placement in the query, the parameters are the same and are sent in the query.
    let mut in_query = signing(Oauth1Placement::Query, Oauth1Signature::HmacSha1);
    in_query.1.slots = with_pair.1.slots.clone();
    assert_eq!(String::from_utf8_lossy(&input(form.clone(), &in_query).message), expected);
    let wire = check(form.clone(), &in_query.0, &in_query.1, None).expect("it fits").wire(&Rfc).expect("the secrets fit");
    assert!(wire.url.ends_with("&oauth_token=kkk9d7dh3k39sjv7&oauth_version=1.0&oauth_signature=a%2B%2Fb%3D"), "{}", wire.url);
    // A body that is not a form is not signed, nor is a token pair without a value.
    let json = Request { auth: vec!["oauth1".into()], ..post("application/json", vec![text("{\"a3\":1}")]) };
    let signed = input(json, &signing(Oauth1Placement::Header, Oauth1Signature::HmacSha256));
    let message = String::from_utf8_lossy(&signed.message).into_owned();
    assert!(!message.contains("a3") && !message.contains("oauth_token"), "{message}");
    assert_eq!((signed.key.as_slice(), signed.algorithm), (b"j49sk3j29djd&".as_slice(), Algorithm::Sha256));
}

/// WooCommerce signs the home URL in its configuration.
#[test]
fn what_oauth1_signs_is_the_url_that_the_cart_knows_itself_by() {
    let mut sample = signing(Oauth1Placement::Query, Oauth1Signature::HmacSha256);
    sample.1.endpoints.get_mut("api").expect("it is bound").signed = Some(BaseUrl::parse("https://shop.example:8443/wp").expect("a URL"));
    let message = input(with_auth(&["oauth1"]), &sample).message;
    let message = String::from_utf8_lossy(&message).into_owned();
    assert!(message.starts_with("GET&https%3A%2F%2Fshop.example%3A8443%2Fwp%2Forders%2F7&b5%3D"), "{message}");
    let none = check(with_auth(&["basic"]), &sample.0, &sample.1, None).expect("it fits").oauth1(&Rfc).expect("nothing is needed");
    assert_eq!(none, None);
    let taken = Request { query: vec![QueryPair { name: "oauth_nonce".into(), value: None }], ..with_auth(&["oauth1"]) };
    let denied = check(taken, &sample.0, &sample.1, None).expect_err("the slot sets it");
    assert_eq!(denied.kind, ErrorKind::QueryDenied);
}

#[test]
fn a_kind_that_this_host_does_not_know_is_unsupported() {
    let (mut manifest, mut grants) = (manifest(), grants());
    let slot = manifest.slots.iter_mut().find(|slot| slot.name == "bearer").expect("the sample has it");
    slot.kind = SlotKind::Other(Extension { name: "vendor.example/smoke-signals".into(), parameters: vec![] });
    grants.slots.insert("bearer".into(), ["token".to_owned()].into());
    let denied = check(with_auth(&["bearer"]), &manifest, &grants, None).expect_err("nobody knows it");
    assert_eq!(denied.kind, ErrorKind::Unsupported);
}

#[test]
fn a_log_in_is_judged_as_a_request_of_its_own() {
    let sample = manifest();
    let slot = sample.slot("login").expect("the sample has it");
    let SlotKind::Login(login) = &slot.kind else { panic!("it is a log-in") };
    let allowed = check_login(slot, login, &sample, &grants()).expect("the endpoint is bound, and the slot need not list it");
    assert_eq!(allowed.token_slots().count(), 0);
    let wire = allowed.wire(&Values).expect("the secrets fit");
    assert_eq!(
        (wire.url.as_str(), wire.body.as_deref()),
        ("https://a.vendor.example/token/new?v=1", Some(b"{\"p\":\"p\\\"w\"}".as_slice()))
    );
    assert!(wire.headers.iter().any(|header| header.value == b"Bearer tok3n"), "{wire:?}");
    let mut unbound = grants();
    unbound.endpoints.remove("login");
    assert_eq!(check_login(slot, login, &sample, &unbound).map(drop).map_err(|denied| denied.kind), Err(ErrorKind::EndpointDenied));
    let mut clear = grants();
    clear.endpoints.get_mut("login").expect("it is bound").secrets = SecretsInClear::Denied;
    assert_eq!(check_login(slot, login, &sample, &clear).map(drop).map_err(|denied| denied.kind), Err(ErrorKind::CredentialDenied));
}

/// RFC 6749, sections 2.3.1 and 4.4.2.
#[test]
fn a_token_is_asked_for_as_the_slot_says() {
    let sample = manifest();
    let slot = sample.slot("oauth2").expect("the sample has it");
    let SlotKind::Oauth2ClientCredentials(oauth2) = &slot.kind else { panic!("it is OAuth 2.0") };
    let request = |oauth2: &Oauth2, grants: &Grants| token_request(slot, oauth2, &sample, grants, &Values).map_err(|denied| denied.kind);
    let wire = request(oauth2, &grants()).expect("it is bound and set");
    assert_eq!(wire.url, "https://a.vendor.example/token/oauth/token");
    let body = |wire: &Wire| String::from_utf8_lossy(wire.body.as_deref().unwrap_or_default()).into_owned();
    assert_eq!(body(&wire), "grant_type=client_credentials&scope=orders.write&audience=https%3A%2F%2Fapi.vendor.example");
    // The client id and secret, form-encoded: `me%3A1:s%2B3+%C3%A9`.
    assert!(
        wire.headers.iter().any(|header| header.value == b"Basic bWUlM0ExOnMlMkIzKyVDMyVBOQ==" && header.sensitive),
        "{:?}",
        wire.headers
    );
    let post = Oauth2 { client_authentication: ClientAuthentication::Post, scope: None, parameters: vec![], ..oauth2.clone() };
    let wire = request(&post, &grants()).expect("it is bound and set");
    assert_eq!(body(&wire), "grant_type=client_credentials&client_id=me%3A1&client_secret=s%2B3+%C3%A9");
    assert!(wire.headers.iter().all(|header| header.name != "authorization"), "{wire:?}");
    let mut clear = grants();
    clear.endpoints.get_mut("login").expect("it is bound").secrets = SecretsInClear::Denied;
    assert_eq!(request(oauth2, &clear).map(drop), Err(ErrorKind::CredentialDenied));
    clear.endpoints.remove("login");
    assert_eq!(request(oauth2, &clear).map(drop), Err(ErrorKind::EndpointDenied));
}
