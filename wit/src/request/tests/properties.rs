//! Properties that hold for every request, however unusual.

use super::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const SLOTS: [&str; 14] =
    ["basic", "bearer", "key", "query", "form", "mac", "oauth1", "oauth2", "login", "unset", "elsewhere", "hashed", "nowhere", ""];
const FIELDS: [&str; 11] = ["username", "password", "token", "value", "user", "code", "key", "id", "consumer-key", "nothing", ""];
const HEADERS: [&str; 9] = ["Accept", "x-a", "X-A", "content-type", "Content-Type", "idempotency-key", "host", "x-key", "x b"];

fn part() -> impl Strategy<Value = Part> {
    let escape = select(vec![Escape::None, Escape::None, Escape::Form, Escape::JsonString, Escape::XmlText, Escape::Base64]);
    let secret_part =
        (select(SLOTS.to_vec()), select(FIELDS.to_vec()), escape).prop_map(|(slot, field, escape)| secret(slot, field, escape));
    prop_oneof![
        4 => "[ -~]{0,12}".prop_map(Part::Text),
        1 => any::<String>().prop_map(Part::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..8).prop_map(Part::Bytes),
        1 => "[a-z%20&#=\r\n]{0,6}".prop_map(Part::Raw),
        2 => secret_part,
    ]
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    proptest::collection::vec(part(), 0..3)
}

fn a_header() -> impl Strategy<Value = Header> {
    let content_type = select(vec!["application/json", FORM, "text/plain", DELIVERY]).prop_map(|value| vec![text(value)]);
    (select(HEADERS.to_vec()), prop_oneof![content_type, parts()]).prop_map(|(name, value)| Header { name: name.into(), value })
}

fn request() -> impl Strategy<Value = Request> {
    let endpoint = select(vec!["api", "api", "api", "api", "api", "login", "nowhere"]);
    let method = select(vec![
        Method::Get,
        Method::Get,
        Method::Post,
        Method::Post,
        Method::Post,
        Method::Put,
        Method::Delete,
        Method::Other("CONNECT".into()),
    ]);
    let path = prop_oneof![
        8 => select(vec!["", "/", "/orders", "/orders/7", "/orders/a%20b/", "/v1/notes"]).prop_map(str::to_owned),
        1 => "/orders(/[a-z.;%2eEfF/\\\\?#@:]{0,6}){0,3}",
        1 => any::<String>(),
    ];
    let query = proptest::collection::vec(("[a-z &=#]{1,3}", proptest::option::of(parts())), 0..2);
    let headers = proptest::collection::vec(a_header(), 0..2);
    let auth = prop_oneof![1 => Just(vec![]), 2 => subsequence(SLOTS[..5].to_vec(), 0..3), 1 => subsequence(SLOTS.to_vec(), 0..3)];
    (endpoint, method, path, query, headers, proptest::option::of(parts()), auth, 0..4_u8).prop_map(
        |(endpoint, method, path, query, headers, body, auth, careless)| {
            let mut request = Request {
                endpoint: endpoint.into(),
                method,
                effect: if careless == 2 { Effect::Writes } else { Effect::Reads },
                path,
                query: query.into_iter().map(|(name, value)| QueryPair { name, value }).collect(),
                headers,
                body,
                auth: auth.into_iter().map(str::to_owned).collect(),
                renew: careless == 1,
                extra: vec![],
            };
            // Most generated requests keep the simple rules.
            if careless > 0 && request.body.is_some() {
                request.method = Method::Post;
                request.headers.retain(|header| !header.name.eq_ignore_ascii_case("content-type"));
                request.headers.push(header("Content-Type", FORM));
            }
            request
        },
    )
}

/// The sample's grants with some of them removed.
fn fewer() -> impl Strategy<Value = Grants> {
    (subsequence(vec!["api", "login"], 0..=2), subsequence(SLOTS.to_vec(), 0..=SLOTS.len()), any::<bool>(), any::<bool>(), 1..20_000_usize)
        .prop_map(|(endpoints, slots, clear, fields, request_bytes)| {
            let mut grants = grants();
            grants.endpoints.retain(|name, _| endpoints.contains(&name.as_str()));
            grants.slots.retain(|name, _| slots.contains(&name.as_str()));
            if clear {
                grants.endpoints.values_mut().for_each(|bound| bound.secrets = SecretsInClear::Denied);
            }
            if fields {
                grants.slots.values_mut().for_each(|fields| _ = fields.pop_last());
            }
            grants.limits.request_bytes = request_bytes;
            grants
        })
}

fn header_bytes_are_safe(wire: &Wire) -> bool {
    let safe = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    wire.headers.iter().all(|header| header.value.iter().all(safe) && !header.name.contains(|c: char| !c.is_ascii_graphic() || c == ':'))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn fewer_grants_never_allow_more(request in request(), fewer in fewer()) {
        let narrow = check(request.clone(), &manifest(), &fewer, Some(DELIVERY));
        if narrow.is_ok() {
            prop_assert!(check(request, &manifest(), &grants(), Some(DELIVERY)).is_ok());
        }
    }

    #[test]
    fn what_is_allowed_stays_where_the_operator_bound_it(request in request()) {
        let Ok(allowed) = check(request.clone(), &manifest(), &grants(), Some(DELIVERY)) else { return Ok(()) };
        let declared = manifest();
        let endpoint = declared.endpoint(&request.endpoint).expect("it was allowed");
        let base = &grants().endpoints[&request.endpoint].base;
        for wire in [allowed.wire(&Values), Ok(allowed.wire_record())].into_iter().flatten() {
            let url = url::Url::parse(&wire.url).expect("what goes out is a URL");
            prop_assert_eq!(url.as_str(), wire.url.as_str());
            prop_assert_eq!(url.origin(), base.url().origin());
            let below = url.path().strip_prefix(base.path()).expect("the base path comes first");
            prop_assert!(request.path.is_empty() || below == request.path);
            prop_assert!(request.path.is_empty() || endpoint.path_prefixes.iter().any(|prefix| below.starts_with(prefix.as_str())));
            prop_assert!(url.query().unwrap_or_default().starts_with(base.url().query().unwrap_or_default()));
            prop_assert!(header_bytes_are_safe(&wire));
            let names: std::collections::BTreeSet<_> = wire.headers.iter().map(|header| &header.name).collect();
            prop_assert_eq!(names.len(), wire.headers.len());
        }
    }

    #[test]
    fn no_secret_gets_a_control_character_into_a_header(value in any::<String>(), slot in select(vec!["basic", "bearer", "key"])) {
        for request in [with_auth(&[slot]), with_header("x-a", vec![text("a"), secret("key", "value", Escape::None)])] {
            if let Ok(wire) = allow(request).expect("nothing is known of the value").wire(&Only(value.clone())) {
                prop_assert!(header_bytes_are_safe(&wire));
            }
        }
    }

    #[test]
    fn a_recording_holds_no_value(request in request()) {
        if let Ok(allowed) = check(request, &manifest(), &grants(), Some(DELIVERY)) {
            let record = lines(&allowed.wire_record());
            for value in ["s3cr3t", "tok3n", "hunter2", "czNjcjN0", "dG9rM24="] {
                prop_assert!(!record.contains(value), "{}", record);
            }
        }
    }
}
