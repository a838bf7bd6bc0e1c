//! Compressed answers. The plugin does not ask for compression and cannot read it; it names the coding, so that a person can switch compression off.

use cartage_sdk::http::Response;

/// The most characters of a header's value that are shown.
const NAME_CHARS_MAX: usize = 20;

/// The content coding of an answer that is compressed; `None` if the answer can be read.
pub(super) fn of(response: &Response) -> Option<String> {
    let body = response.body.as_slice();
    let by_its_start = match body {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        // A zlib stream with a window of 32 KiB: the number in its first two bytes is a multiple of 31.
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some("deflate"),
        _ => None,
    };
    if let Some(name) = by_its_start {
        return Some(name.to_owned());
    }
    let is_text = std::str::from_utf8(body).is_ok_and(|text| text.chars().all(|c| !c.is_control() || c.is_whitespace()));
    let named =
        response.header("content-encoding").map(str::trim).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    named.filter(|_| !is_text).map(|name| name.chars().take(NAME_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_sdk::contract::http;

    fn named(header: Option<&str>, body: &[u8]) -> Option<String> {
        let headers = header.map(|value| http::ResponseHeader { name: "content-encoding".to_owned(), value: value.to_owned() });
        of(&Response::from(http::Response { status: 200, headers: headers.into_iter().collect(), body: body.to_vec(), extra: Vec::new() }))
    }

    #[test]
    fn a_coding_is_known_by_its_bytes_or_by_the_header_over_what_is_no_text() {
        assert_eq!(named(None, &[0x1f, 0x8b, 8, 0]).as_deref(), Some("gzip"));
        assert_eq!(named(Some("br"), &[0x0b, 0x02, 0x80, 0xff]).as_deref(), Some("br"));
        assert_eq!(named(Some("gzip"), b"plain text, whatever the header says\r\n"), None);
        assert_eq!(named(Some("identity"), &[0, 0xff]), None);
        assert_eq!(named(None, b"caf\xe9"), None);
        assert_eq!(named(Some("gzip"), b""), None);
    }
}
