//! Checks a request against its endpoint's declaration: method, path, query, headers, content type. Secrets and grants are checked elsewhere.

use super::{Denied, HEADERS_MAX, URL_BYTES_MAX};
use crate::encoding;
use crate::http::{ErrorKind, Escape, Header, Method, Part, Request};
use crate::manifest::{Endpoint, is_host_owned_header};
use crate::parts::Shown;

/// The content type to which form fields can be appended.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Checks that the request stays within the manifest's declaration of its endpoint.
pub(crate) fn check(request: &Request, endpoint: &Endpoint, delivery_id: Option<&str>) -> Result<(), Denied> {
    check_method(&request.method, endpoint)?;
    check_path(&request.path, endpoint)?;
    check_query(request)?;
    check_headers(&request.headers, endpoint, delivery_id)?;
    check_body(request, endpoint)
}

fn check_method(method: &Method, endpoint: &Endpoint) -> Result<(), Denied> {
    if endpoint.methods.contains(method) && method.is_sendable() {
        return Ok(());
    }
    Err(Denied::new(
        ErrorKind::MethodDenied,
        format!("endpoint {} does not declare the method {}; declare it in the manifest", endpoint.name, Shown::of(method.name())),
    ))
}

fn check_path(path: &str, endpoint: &Endpoint) -> Result<(), Denied> {
    if path.len() > URL_BYTES_MAX {
        return Err(Denied::new(
            ErrorKind::RequestTooLarge,
            format!("the path has {} bytes; a URL has at most {URL_BYTES_MAX}", path.len()),
        ));
    }
    let denied = |reason: String| Err(Denied::new(ErrorKind::PathDenied, format!("path {} is denied: {reason}", Shown::of(path))));
    if let Err(rule) = encoding::check_path(path) {
        return denied(format!("{rule}; encode each value once, as one segment"));
    }
    if !endpoint.allows_path(path) {
        return denied(format!(
            "endpoint {} declares no prefix of it; its path-prefixes are {}",
            endpoint.name,
            endpoint.path_prefixes.join(" ")
        ));
    }
    Ok(())
}

fn check_query(request: &Request) -> Result<(), Denied> {
    for pair in &request.query {
        let denied =
            |reason: &str| Err(Denied::new(ErrorKind::QueryDenied, format!("query pair {} is denied: {reason}", Shown::of(&pair.name))));
        if pair.name.is_empty() {
            return denied("a pair must have a name");
        }
        for part in pair.value.iter().flatten() {
            match part {
                Part::Raw(text) => {
                    if let Err(rule) = encoding::check_raw_query(text) {
                        return denied(&rule.to_string());
                    }
                }
                Part::Secret(part) if !is_plain(part.escape) => return denied("a secret in a query must have the escape none or base64"),
                Part::Text(_) | Part::Bytes(_) | Part::Secret(_) => {}
            }
        }
    }
    Ok(())
}

fn check_headers(headers: &[Header], endpoint: &Endpoint, delivery_id: Option<&str>) -> Result<(), Denied> {
    // The headers are counted first, so that ten thousand headers are not compared with each other.
    if headers.len() > HEADERS_MAX {
        return Err(Denied::new(
            ErrorKind::RequestTooLarge,
            format!("the request has {} headers; the most is {HEADERS_MAX}", headers.len()),
        ));
    }
    for (at, header) in headers.iter().enumerate() {
        let name = header.name.to_ascii_lowercase();
        let denied = |reason: &str| Err(Denied::new(ErrorKind::HeaderDenied, format!("header {} is denied: {reason}", Shown::of(&name))));
        if is_host_owned_header(&name) {
            return denied("only the host sets this header");
        }
        let declared = endpoint.request_headers.contains(&name) || (name == "content-type" && !endpoint.request_types.is_empty());
        if !declared {
            return denied(&format!("endpoint {} does not declare it in request-headers; declare it in the manifest", endpoint.name));
        }
        if headers[..at].iter().any(|earlier| earlier.name.eq_ignore_ascii_case(&name)) {
            return denied("it is given twice; give it once");
        }
        let secrets = || header.value.iter().filter_map(|part| if let Part::Secret(part) = part { Some(part) } else { None });
        if secrets().any(|part| !is_plain(part.escape)) {
            return denied("a secret in a header must have the escape none or base64");
        }
        if matches!(name.as_str(), "content-type" | "idempotency-key") && secrets().next().is_some() {
            return denied("it holds no secret");
        }
        if name == "idempotency-key" && !delivery_id.is_some_and(|id| plain(&header.value).starts_with(id.as_bytes())) {
            return denied("it starts with the delivery's id, and a call without a delivery has none");
        }
    }
    Ok(())
}

fn check_body(request: &Request, endpoint: &Endpoint) -> Result<(), Denied> {
    let denied = |reason: String| Err(Denied::new(ErrorKind::BodyDenied, reason));
    if request.body.is_some() && !may_have_body(&request.method) {
        return denied(format!("a {} request must have no body; send the data in the query or by another method", request.method));
    }
    match media_type(request) {
        Some(given) if !endpoint.request_types.contains(&given) => denied(format!(
            "endpoint {} does not declare the content type {} in request-types; declare it in the manifest",
            endpoint.name,
            Shown::of(&given)
        )),
        None if request.body.is_some() => denied("a request with a body must name its content type in the header content-type".to_owned()),
        _ => Ok(()),
    }
}

/// The media type that the request names, in lower case and without parameters.
pub(crate) fn media_type(request: &Request) -> Option<String> {
    let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-type"))?;
    let value = plain(&header.value);
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    Some(String::from_utf8_lossy(media_type).to_ascii_lowercase())
}

/// Whether requests of this method carry a body.
pub(crate) fn may_have_body(method: &Method) -> bool {
    !matches!(method, Method::Get | Method::Head)
}

fn is_plain(escape: Escape) -> bool {
    matches!(escape, Escape::None | Escape::Base64)
}

/// The joined bytes of all parts of a value except secrets.
fn plain(parts: &[Part]) -> Vec<u8> {
    parts.iter().fold(Vec::new(), |mut joined, part| {
        match part {
            Part::Text(text) | Part::Raw(text) => joined.extend_from_slice(text.as_bytes()),
            Part::Bytes(bytes) => joined.extend_from_slice(bytes),
            Part::Secret(_) => {}
        }
        joined
    })
}
