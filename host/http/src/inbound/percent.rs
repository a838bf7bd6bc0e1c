//! Percent escapes of queries and forms.

/// Decodes percent escapes and `+` as a space. An invalid escape stays as it is.
pub(crate) fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(hex);
        at += if escape.is_some() { 3 } else { 1 };
        decoded.push(escape.unwrap_or(if byte == b'+' { b' ' } else { byte }));
    }
    decoded
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}
