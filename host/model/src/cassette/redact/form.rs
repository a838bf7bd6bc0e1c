//! Forms and queries: `name=value&name=value`.

use super::found::FoundValue;
use super::names::{Names, Within};
use cartage_base::coding::Coding;

/// The longest name of a field, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Whether a text is a form: the text before its first `=` looks like a name.
pub(super) fn is_form(text: &[u8]) -> bool {
    let name = text.iter().take(NAME_BYTES_MAX).position(|byte| *byte == b'=');
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-~*%+[]$:".contains(byte);
    name.is_some_and(|end| end > 0 && text[..end].iter().all(fits))
}

/// The values in a form.
pub(super) fn values(names: &Names, text: &[u8], within: Within) -> Vec<FoundValue> {
    let (mut found, mut start) = (Vec::new(), 0);
    for pair in text.split(|byte| *byte == b'&') {
        let sign = pair.iter().position(|byte| *byte == b'=');
        let (inside, value) = match sign {
            Some(sign) => (names.enter(within, &Coding::Form.decode(&pair[..sign]).bytes), sign + 1),
            None => (within, 0),
        };
        found.push(FoundValue { within: inside, at: start + value..start + pair.len(), coding: Coding::Form });
        start += pair.len() + 1;
    }
    found
}
