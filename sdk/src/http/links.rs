//! Lists of several pages: the link to the next page, and the request that follows the link.

use super::{Part, Request, Response};
use crate::encoding::decoded;
use crate::{Context, Failure};
use cartage_contract::http::QueryPair;

impl Response {
    /// The URL of the next page, from the header `link` (RFC 8288). The manifest must declare that header for the endpoint.
    ///
    /// ```
    /// use cartage_sdk::contract::http;
    /// use cartage_sdk::http::Response;
    ///
    /// let value = r#"<https://shop.example/orders?page=1>; rel="prev", <https://shop.example/orders?page=3>; rel="next""#;
    /// let link = http::ResponseHeader { name: "link".to_owned(), value: value.to_owned() };
    /// let response = Response::from(http::Response { status: 200, headers: vec![link], body: vec![], extra: vec![] });
    /// assert_eq!(response.next_link(), Some("https://shop.example/orders?page=3"));
    /// ```
    pub fn next_link(&self) -> Option<&str> {
        let mut rest = self.header("link")?;
        loop {
            let (_, link) = rest.split_once('<')?;
            let (target, parameters) = link.split_once('>')?;
            let (parameters, others) = parameters.split_at(parameters.find('<').unwrap_or(parameters.len()));
            let parameters = parameters.trim().trim_end_matches(',');
            let is_next = |parameter: &str| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                let value = value.trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("rel") && value.split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
            };
            if parameters.split(';').any(is_next) {
                return Some(target);
            }
            rest = others;
        }
    }
}

impl Request {
    /// Turns this request into one for a link that the cart gave: a whole URL below the endpoint's base URL, or a path with a query. Path and query become the
    /// link's, byte for byte; the method and everything else stay the same.
    ///
    /// ```
    /// use cartage_sdk::contract::delivery;
    /// use cartage_sdk::http::Request;
    /// use cartage_sdk::Context;
    ///
    /// let bound = delivery::BoundEndpoint { name: "api".to_owned(), base_url: "https://shop.example/v2".to_owned() };
    /// let context = Context::from(delivery::Context { endpoints: vec![bound], ..delivery::Context::default() });
    /// let next = Request::get("api").follow("https://shop.example/v2/orders?page=3&per%20page=50", &context)?;
    /// assert_eq!((next.path.as_str(), next.query[1].name.as_str()), ("/orders", "per page"));
    /// assert!(Request::get("api").follow("https://elsewhere.example/v2/orders", &context).is_err());
    /// # Ok::<(), cartage_sdk::Failure>(())
    /// ```
    ///
    /// # Errors
    /// A [`Failure`] of the kind `protocol` if the link leads away from the endpoint or is not a URL. Such a link is not followed.
    pub fn follow(mut self, link: &str, context: &Context) -> Result<Request, Failure> {
        let leads_away = || Failure::protocol(format!("the cart's link to the next page leads away from endpoint {}", self.0.endpoint));
        let base = context.base(&self.0.endpoint).ok_or_else(leads_away)?;
        let link = link.split('#').next().unwrap_or_default();
        let (target, query) = link.split_once('?').unwrap_or((link, ""));
        let path =
            if target.starts_with('/') && !target.starts_with("//") { target } else { base.path_in(target).ok_or_else(leads_away)? };
        let path = path.strip_prefix(base.path).filter(|rest| rest.is_empty() || rest.starts_with('/')).ok_or_else(leads_away)?;
        let of_the_base: Vec<&str> = base.query.split('&').collect();
        // The base URL's own query is added to each request, so the link's copy of it is removed.
        let pairs = query.split('&').filter(|pair| !pair.is_empty() && !of_the_base.contains(pair));
        let pairs: Option<Vec<QueryPair>> = pairs.map(pair).collect();
        self.0.query =
            pairs.ok_or_else(|| Failure::protocol("the cart's link to the next page has a query that cannot be read".to_owned()))?;
        path.clone_into(&mut self.0.path);
        Ok(self)
    }
}

/// A pair of a link's query. Its value is sent unchanged; the host encodes the name again.
fn pair(text: &str) -> Option<QueryPair> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let name = decoded(&name.replace('+', " "))?;
    Some(QueryPair { name, value: value.map(|value| vec![Part::Raw(value.to_owned())]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;
    use cartage_contract::{delivery, http};

    fn context(base_url: &str) -> Context {
        let bound = delivery::BoundEndpoint { name: "api".to_owned(), base_url: base_url.to_owned() };
        delivery::Context { endpoints: vec![bound], ..delivery::Context::default() }.into()
    }

    #[test]
    fn only_what_lies_below_the_base_url_is_followed() {
        let followed = |base: &str, link: &str| {
            Request::get("api").follow(link, &context(base)).map(|request| {
                let value = |pair: &QueryPair| match pair.value.as_deref() {
                    Some([Part::Raw(value)]) => format!("{}={value}", pair.name),
                    _ => pair.name.clone(),
                };
                format!("{}?{}", request.path, request.query.iter().map(value).collect::<Vec<_>>().join("&"))
            })
        };
        for (base, link, target) in [
            ("https://shop.example", "https://shop.example/orders?page=2", "/orders?page=2"),
            ("https://shop.example", "https://SHOP.example:443/orders?page=2", "/orders?page=2"),
            ("https://shop.example/v2", "/v2/orders?cursor=a%2Bb%3D%3D", "/orders?cursor=a%2Bb%3D%3D"),
            ("https://shop.example/v2?shop=1", "https://shop.example/v2?shop=1&page=2", "?page=2"),
            ("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/v2/orders#top", "/orders?"),
        ] {
            assert_eq!(followed(base, link).ok().as_deref(), Some(target), "{link}");
        }
        for link in [
            "https://elsewhere.example/v2/orders",
            "http://shop.example/v2/orders",
            "https://shop.example:8443/v2/orders",
            "https://shop.example.elsewhere.example/v2",
            "https://shop.example@elsewhere.example/v2",
            "//elsewhere.example/v2",
            "https://shop.example/v20/orders",
            "https://shop.example/orders",
            "orders?page=2",
            "",
        ] {
            let failure = followed("https://shop.example/v2", link).expect_err(link);
            assert_eq!(failure.kind, FailureKind::Protocol, "{link}");
        }
        assert!(followed("https://shop.example", "/orders?%zz=1").is_err());
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let next = |value: &str| {
            let link = http::ResponseHeader { name: "link".to_owned(), value: value.to_owned() };
            let response = http::Response { status: 200, headers: vec![link], body: Vec::new(), extra: Vec::new() };
            Response::from(response).next_link().map(str::to_owned)
        };
        for (value, target) in [
            ("</a?page=2>; rel=next", Some("/a?page=2")),
            ("</a?ids=1,2>; rel=\"prev\", </a?ids=3,4>; title=\"x\"; REL=\"last next\"", Some("/a?ids=3,4")),
            ("</a>; title=\"a, b\"; rel=next, </b>; rel=last", Some("/a")),
            ("</a>; rel=prev", None),
            ("</a>; rel=\"nextish\"", None),
            ("nothing", None),
            ("", None),
        ] {
            assert_eq!(next(value).as_deref(), target, "{value}");
        }
    }
}
