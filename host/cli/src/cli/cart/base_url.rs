//! The base URL of a new cart's endpoint.

use crate::cli::report;
use cartage::carts::Binding;
use cartage::egress::endpoint::{Bindings, exception_for};
use cartage_contract::manifest::{Endpoint, Manifest};
use std::collections::BTreeMap;

/// Checks a base URL as a new cart's file holds it, with the exception that a private network needs. The error says why the URL cannot be used.
pub(super) fn usable(manifest: &Manifest, endpoint: &Endpoint, url: &str) -> Result<String, String> {
    let alone = Manifest { endpoints: vec![endpoint.clone()], ..manifest.clone() };
    let binding = Binding {
        base_url: url.to_owned(),
        ports: vec![],
        private: exception_for(url).into_iter().collect(),
        plain_http: Default::default(),
        secrets_in_clear: Default::default(),
        signed_base_url: None,
    };
    match Bindings::new(&alone, &BTreeMap::from([(endpoint.name.clone(), binding)])) {
        Ok(_) => Ok(url.to_owned()),
        Err(error) => Err(report::chain(&error)),
    }
}
