//! The rules for endpoints.

use super::{Check, LIST_ENTRIES_MAX, is_lower_token};
use crate::encoding;
use crate::grants::{BaseUrl, Pattern};
use crate::http::Method;
use crate::manifest::{Base, Endpoint, is_host_owned_header};
use std::collections::BTreeSet;

/// The rule for header names, as problems state it.
pub(super) const HEADER_NAME: &str = "is a header's name in lower case";

impl Check {
    pub(super) fn endpoints(&mut self, endpoints: &[Endpoint]) {
        self.list(endpoints, 0, LIST_ENTRIES_MAX, "endpoints");
        let items = self.names(endpoints.iter().map(|endpoint| endpoint.name.as_str()), "endpoints");
        for (endpoint, item) in endpoints.iter().zip(items).take(LIST_ENTRIES_MAX) {
            self.text(&endpoint.purpose, &format!("{item}.purpose"));
            self.base(endpoint, &item);
            self.extra(&endpoint.extra, &item);
            let methods = format!("{item}.methods");
            self.list(&endpoint.methods, 1, LIST_ENTRIES_MAX, &methods);
            self.once(&endpoint.methods, &methods);
            let sendable = endpoint.methods.iter().take(LIST_ENTRIES_MAX).all(Method::is_sendable);
            self.rule(sendable, &methods, "has names of 1 to 20 upper-case letters, digits, - and _, and neither CONNECT nor TRACE");
            self.prefixes(&endpoint.path_prefixes, &format!("{item}.path-prefixes"));
            self.headers(
                &endpoint.request_headers,
                &format!("{item}.request-headers"),
                "is not a header that the host alone sets",
                |name| !is_host_owned_header(name),
            );
            self.media_types(&endpoint.request_types, &format!("{item}.request-types"));
            // Cookies are not shown to plugins.
            self.headers(&endpoint.response_headers, &format!("{item}.response-headers"), "is not a cookie", |name| {
                !matches!(name, "set-cookie" | "set-cookie2")
            });
            self.media_types(&endpoint.response_types, &format!("{item}.response-types"));
        }
    }

    fn base(&mut self, endpoint: &Endpoint, item: &str) {
        let base = format!("{item}.base");
        let sound = match &endpoint.base {
            Base::Any => true,
            Base::Pattern(pattern) => match Pattern::parse(pattern) {
                Ok(_) => true,
                Err(error) => self.rule(false, &base, &format!("is a pattern: {}", chain(&error))),
            },
            Base::Fixed(fixed) => self.fixed_url(fixed, &base),
            Base::OneOf(urls) => {
                self.list(urls, 2, LIST_ENTRIES_MAX, &base);
                self.once(urls, &base);
                urls.iter().take(LIST_ENTRIES_MAX).enumerate().all(|(at, url)| self.fixed_url(url, &format!("{base}[{at}]")))
            }
        };
        let example = format!("{item}.example");
        match BaseUrl::parse(&endpoint.example) {
            Ok(url) => _ = self.rule(!sound || url.fits(&endpoint.base), &example, "is a URL that fits the base"),
            Err(error) => _ = self.rule(false, &example, &format!("is a base URL: {}", chain(&error))),
        }
    }

    fn fixed_url(&mut self, url: &str, item: &str) -> bool {
        match BaseUrl::parse(url) {
            Ok(_) => true,
            Err(error) => self.rule(false, item, &format!("is a base URL: {}", chain(&error))),
        }
    }

    fn prefixes(&mut self, prefixes: &[String], list: &str) {
        self.list(prefixes, 1, LIST_ENTRIES_MAX, list);
        self.once(prefixes, list);
        for (at, prefix) in prefixes.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let item = format!("{list}[{at}]");
            match encoding::check_path(prefix) {
                Ok(()) if prefix == "/" => {}
                Ok(()) => {
                    _ = self.rule(!prefix.is_empty() && !prefix.ends_with('/'), &item, "starts with a slash and does not end with one")
                }
                Err(error) => _ = self.rule(false, &item, &format!("is a path in its normal form: {error}")),
            }
        }
    }

    fn headers(&mut self, names: &[String], list: &str, rule: &str, holds: impl Fn(&str) -> bool) {
        self.list(names, 0, LIST_ENTRIES_MAX, list);
        self.once(names, list);
        for (at, name) in names.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let item = format!("{list}[{at}]");
            if self.rule(is_lower_token(name), &item, HEADER_NAME) {
                self.rule(holds(name), &item, rule);
            }
        }
    }

    fn media_types(&mut self, types: &[String], list: &str) {
        self.list(types, 0, LIST_ENTRIES_MAX, list);
        self.once(types, list);
        for (at, media_type) in types.iter().enumerate().take(LIST_ENTRIES_MAX) {
            let holds = media_type.split_once('/').is_some_and(|(kind, name)| is_lower_token(kind) && is_lower_token(name));
            self.rule(holds, &format!("{list}[{at}]"), "is a content type such as application/json, in lower case and without parameters");
        }
    }

    pub(super) fn once<T: Ord>(&mut self, list: &[T], item: &str) {
        self.rule(list.iter().collect::<BTreeSet<_>>().len() == list.len(), item, "has each entry once");
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}
