//! Forms and queries: `name=value&name=value`.

use super::names::Within;
use super::walk::Walk;
use cartage_base::coding::{Coding, Edit};

/// The longest name of a field, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Whether a text is a form: the text before its first `=` looks like a name.
pub(super) fn is_form(text: &[u8]) -> bool {
    let name = text.iter().take(NAME_BYTES_MAX).position(|byte| *byte == b'=');
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-~*%+[]$:".contains(byte);
    name.is_some_and(|end| end > 0 && text[..end].iter().all(fits))
}

/// The edits for a form.
pub(super) fn walk(walk: &mut Walk<'_>, text: &[u8], within: Within) -> Vec<Edit> {
    let (mut edits, mut start) = (Vec::new(), 0);
    for pair in text.split(|byte| *byte == b'&') {
        let sign = pair.iter().position(|byte| *byte == b'=');
        let (inside, value) = match sign {
            Some(sign) => (walk.names.enter(within, &Coding::Form.decode(&pair[..sign]).bytes), sign + 1),
            None => (within, 0),
        };
        edits.extend(walk.value_in(text, start + value..start + pair.len(), Coding::Form, inside));
        start += pair.len() + 1;
    }
    edits
}
