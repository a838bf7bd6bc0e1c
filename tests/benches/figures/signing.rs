//! The cost of signing a request by OAuth 1.0a: the base string and the HMAC for an update with a query and a JSON body.

use super::{Target, figure, median};
use cartage_contract::grants::{BaseUrl, BoundEndpoint, Grants, RequestLimits, SecretsInClear};
use cartage_contract::request::{Secrets, check};
use cartage_sdk::http::{Method, Request};
use cartage_sdk::manifest::{Endpoint, Manifest, Oauth1, Oauth1Placement, Oauth1Signature, Slot};
use cartage_sdk::serde_json::json;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 9;
const SIGNATURES: u32 = 2_000;
const URL: &str = "https://shop.example/wp-json/wc/v3";

struct Keys;

impl Secrets for Keys {
    fn field(&self, _: &str, field: &str) -> Option<&str> {
        Some(match field {
            "consumer-key" => "ck_0123456789012345678901234567890123456789",
            "consumer-secret" => "cs_0123456789012345678901234567890123456789",
            "nonce" => "0123456789abcdef0123456789abcdef",
            "timestamp" => "1795440711",
            _ => return None,
        })
    }
}

pub(crate) fn measure() {
    let oauth1 = Oauth1 { placement: Oauth1Placement::Query, signature: Oauth1Signature::HmacSha256 };
    let endpoint = Endpoint::new("api", "the shop", URL).methods([Method::Put]).paths(["/orders"]).request_types(["application/json"]);
    let slot = Slot::oauth1("key", "the shop's key", oauth1).for_endpoints(["api"]);
    let manifest = Manifest::new("bench", "1.0.0").endpoint(endpoint).slot(slot).into();
    let bound = BoundEndpoint { base: BaseUrl::parse(URL).expect("it is one"), secrets: SecretsInClear::Accepted, signed: None };
    let fields = BTreeSet::from(["consumer-key", "consumer-secret"].map(str::to_owned));
    let grants = Grants {
        endpoints: [("api".to_owned(), bound)].into(),
        slots: [("key".to_owned(), fields)].into(),
        limits: RequestLimits { requests: 1, request_bytes: 1 << 20 },
    };
    let request =
        Request::put("api").path("/orders/1021").query("_fields", "id,number,status").auth("key").json(json!({"status": "completed"}));
    let id = Some("0199f3a2-7c1e-7b64-9a3d-2f8e5c6d7a10");
    let allowed = check(request.into(), &manifest, &grants, id).unwrap_or_else(|denied| panic!("{}", denied.reason));
    let mut micros = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..SIGNATURES {
            let input = allowed.oauth1(&Keys).unwrap_or_else(|denied| panic!("{}", denied.reason)).expect("the slot signs");
            let mut mac = Hmac::<Sha256>::new_from_slice(&input.key).expect("a key may have any length");
            mac.update(&input.message);
            black_box(mac.finalize());
        }
        micros.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(SIGNATURES));
    }
    figure("oauth1_sign_us", median(micros), "us", &Target::Reported);
}
