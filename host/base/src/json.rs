//! JSON from outside, read so that an error names the field.

use serde::Deserialize;
use serde_json::error::Category;
use std::fmt;

/// Why JSON could not be read.
#[derive(Debug)]
pub struct Error {
    /// The field, such as `packages[1].carrier`; `None` for the document itself, or for a text that is not JSON.
    field: Option<String>,
    source: serde_json::Error,
}

impl Error {
    /// Whether the text is JSON whose content is not what is expected.
    pub fn is_about_data(&self) -> bool {
        self.source.classify() == Category::Data
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.source),
            None => write!(f, "{}", self.source),
        }
    }
}

impl std::error::Error for Error {}

/// Reads a JSON document.
///
/// # Errors
///
/// [`Error`], with the field that could not be read.
pub fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Error> {
    let mut document = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let field = error.path().to_string();
        let source = error.into_inner();
        // A text that is no JSON fails at a place, not at a field.
        Error { field: Some(field).filter(|field| field != "." && source.classify() == Category::Data), source }
    })?;
    document.end().map_err(|source| Error { field: None, source })?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "it is only read")]
        packages: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "it is only read")]
        count: u8,
    }

    #[test]
    fn an_error_names_its_field() {
        for (text, begins, is_about_data) in [
            (r#"{"packages": [{"count": 1}, {"count": "x"}]}"#, "packages[1].count: invalid type", true),
            (r#"{"packages": [{"count": 300}]}"#, "packages[0].count: invalid value", true),
            (r#"{"packages": [{"count": 1, "cuont": 2}]}"#, "packages[0].cuont: unknown field", true),
            (r#"{"packages": [{}]}"#, "packages[0]: missing field `count`", true),
            (r#"{}"#, "missing field `packages`", true),
            (r#"[1]"#, "[0]: invalid type", true),
            (r#"{"packages": [{"count": 1"#, "EOF while parsing", false),
            (r#"{"packages": []} x"#, "trailing characters", false),
            ("", "EOF while parsing", false),
        ] {
            let error = read::<Outer>(text.as_bytes()).expect_err("it is not right");
            assert!(error.to_string().starts_with(begins), "{text}: {error}");
            assert_eq!(error.is_about_data(), is_about_data, "{text}");
        }
    }
}
