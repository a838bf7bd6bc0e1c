//! Endpoints: named destinations.

use super::{Method, contract, owned};
use cartage_contract::manifest::Base;

crate::wraps! {
    /// A named destination. The operator binds it to a base URL; a request names it and never a URL.
    ///
    /// ```
    /// use cartage_sdk::manifest::{Endpoint, Method};
    ///
    /// let api = Endpoint::new("api", "the shop's admin interface", "https://a-shop.example.com/admin")
    ///     .pattern("https://{shop}.example.com/admin")
    ///     .methods([Method::Get, Method::Put])
    ///     .paths(["/orders", "/statuses"])
    ///     .request_headers(["idempotency-key"])
    ///     .request_types(["application/json"]);
    /// assert!(api.required);
    /// ```
    Endpoint(contract::Endpoint)
}

impl Endpoint {
    /// An endpoint with a name, its purpose, and an example of a base URL, which tests also use. It is required and may be bound to any URL.
    pub fn new(name: &str, purpose: &str, example: &str) -> Endpoint {
        Endpoint(contract::Endpoint {
            name: name.to_owned(),
            purpose: purpose.to_owned(),
            example: example.to_owned(),
            base: Base::Any,
            required: true,
            methods: Vec::new(),
            path_prefixes: Vec::new(),
            request_headers: Vec::new(),
            request_types: Vec::new(),
            response_headers: Vec::new(),
            response_types: Vec::new(),
            extra: Vec::new(),
        })
    }

    /// Limits the binding to URLs of this form, in which each `{name}` stands for ASCII letters, digits, hyphens and underscores.
    #[must_use]
    pub fn pattern(mut self, pattern: &str) -> Endpoint {
        self.0.base = Base::Pattern(pattern.to_owned());
        self
    }

    /// Fixes the URL; the operator only agrees to it.
    #[must_use]
    pub fn fixed(mut self, url: &str) -> Endpoint {
        self.0.base = Base::Fixed(url.to_owned());
        self
    }

    /// Limits the binding to one of these URLs, such as those of regions, or live and sandbox.
    #[must_use]
    pub fn one_of<'a>(mut self, urls: impl IntoIterator<Item = &'a str>) -> Endpoint {
        self.0.base = Base::OneOf(owned(urls));
        self
    }

    /// Makes the endpoint optional: the plugin works without it.
    #[must_use]
    pub fn optional(mut self) -> Endpoint {
        self.0.required = false;
        self
    }

    /// The methods that requests use; at least one.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Endpoint {
        self.0.methods = methods.into_iter().collect();
        self
    }

    /// The paths that requests use below the base URL, by whole segments: `/orders` allows `/orders` and `/orders/7`, but not `/orders7`; `/`
    /// allows all paths. At least one.
    #[must_use]
    pub fn paths<'a>(mut self, prefixes: impl IntoIterator<Item = &'a str>) -> Endpoint {
        self.0.path_prefixes = owned(prefixes);
        self
    }

    /// The request headers that the plugin sets, in lower case. `content-type` is declared through [`request_types`](Endpoint::request_types).
    #[must_use]
    pub fn request_headers<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Endpoint {
        self.0.request_headers = owned(names);
        self
    }

    /// The content types of request bodies, in lower case, without parameters.
    #[must_use]
    pub fn request_types<'a>(mut self, types: impl IntoIterator<Item = &'a str>) -> Endpoint {
        self.0.request_types = owned(types);
        self
    }

    /// The response headers that the plugin reads, in lower case, besides `content-type`, `retry-after` and `date`.
    #[must_use]
    pub fn response_headers<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Endpoint {
        self.0.response_headers = owned(names);
        self
    }

    /// The content types of the answers that the plugin reads, in lower case, without parameters. If none are given, any answer is read, also without a type.
    #[must_use]
    pub fn response_types<'a>(mut self, types: impl IntoIterator<Item = &'a str>) -> Endpoint {
        self.0.response_types = owned(types);
        self
    }
}
