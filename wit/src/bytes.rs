//! Bytes in human-readable records: text if they are UTF-8, otherwise `{"base64": "..."}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Readable<'a> {
    Text(std::borrow::Cow<'a, str>),
    Base64 { base64: String },
}

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return serializer.serialize_bytes(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Readable::Text(text.into()).serialize(serializer),
        Err(_) => Readable::Base64 { base64: STANDARD.encode(bytes) }.serialize(serializer),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if !deserializer.is_human_readable() {
        return Vec::<u8>::deserialize(deserializer);
    }
    match Readable::deserialize(deserializer)? {
        Readable::Text(text) => Ok(text.into_owned().into_bytes()),
        Readable::Base64 { base64 } => STANDARD.decode(base64).map_err(D::Error::custom),
    }
}

pub(crate) mod option {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Bytes(#[serde(with = "super")] Vec<u8>);

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.clone().map(Bytes).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Bytes>::deserialize(deserializer)?.map(|bytes| bytes.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::http::Part;

    #[test]
    fn text_stays_readable_and_bytes_come_back() {
        for (bytes, json) in [(b"caf\xc3\xa9".to_vec(), r#"{"bytes":"café"}"#), (vec![0xff, 0x00], r#"{"bytes":{"base64":"/wA="}}"#)] {
            let part = Part::Bytes(bytes);
            assert_eq!(serde_json::to_string(&part).expect("a part is plain data"), json);
            assert_eq!(serde_json::from_str::<Part>(json).expect("what was written reads back"), part);
        }
    }
}
