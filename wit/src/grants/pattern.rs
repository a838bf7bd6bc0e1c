//! Patterns of base URLs: `https://{shop}.example.com/admin`.

use super::base_url::{BaseUrl, BaseUrlError};
use crate::manifest::is_name;
use regex_lite::Regex;

/// A pattern of base URLs in which each `{name}` stands for one or more ASCII letters, digits, hyphens or underscores.
///
/// Such a value contains neither a dot nor a slash, so it stays within its label or segment.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A brace has no counterpart, or the text between two braces cannot be a name.
    #[error("each `{{name}}` of a base URL pattern is 1 to 63 lower-case letters, digits and hyphens in braces")]
    Braces,
    /// The pattern has no placeholder.
    #[error("a base URL pattern holds at least one `{{name}}`; state a whole URL as fixed")]
    NoPlaceholder,
    /// A placeholder is in the last label of the host, so the URL could belong to the owner of any domain.
    #[error("no `{{name}}` of a base URL pattern may be in the last label of the host")]
    LastLabel,
    /// The pattern with its placeholders filled is not a base URL.
    #[error("with `x` for each `{{name}}` it is not a base URL")]
    BaseUrl(#[source] BaseUrlError),
    /// The pattern is not in the normal form of a base URL.
    #[error("a base URL pattern is in its normal form, without a trailing slash")]
    NotNormal,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// The rule of manifest.wit that the text breaks.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let mut regex = String::from("^");
        let mut example = String::new();
        let mut pieces = text.split('{');
        let first = pieces.next().unwrap_or_default();
        literal(first, &mut regex, &mut example)?;
        for piece in pieces {
            let (_, after) = piece.split_once('}').filter(|(name, _)| is_name(name)).ok_or(PatternError::Braces)?;
            regex.push_str("[A-Za-z0-9_-]+");
            example.push('x');
            literal(after, &mut regex, &mut example)?;
        }
        if example == text {
            return Err(PatternError::NoPlaceholder);
        }
        let base = BaseUrl::parse(&example).map_err(PatternError::BaseUrl)?;
        if base.as_str() != example {
            return Err(PatternError::NotNormal);
        }
        // The last label is read from the pattern itself: in the example, a placeholder cannot be distinguished from an `x`.
        let authority = text.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
        if authority.rsplit('.').next().is_some_and(|label| label.contains('{')) {
            return Err(PatternError::LastLabel);
        }
        regex.push('$');
        Ok(Pattern { regex: Regex::new(&regex).expect("escaped literals and a class make a regular expression") })
    }

    /// Whether a base URL matches the pattern.
    pub fn matches(&self, base: &BaseUrl) -> bool {
        self.regex.is_match(base.as_str())
    }
}

fn literal(text: &str, regex: &mut String, example: &mut String) -> Result<(), PatternError> {
    if text.contains('}') {
        return Err(PatternError::Braces);
    }
    regex.push_str(&regex_lite::escape(text));
    example.push_str(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Base;

    #[test]
    fn patterns_match_within_a_label_or_segment() {
        let base = Base::Pattern("https://{shop}.example.com/admin/{account}/v1".into());
        for (url, fits) in [
            ("https://a.example.com/admin/7/v1", true),
            ("https://a-b.example.com/admin/A_b-9/v1/", true),
            ("https://example.com/admin/7/v1", false),
            ("https://a.b.example.com/admin/7/v1", false),
            ("https://a.example.com.evil.example/admin/7/v1", false),
            ("https://evila.example.com/admin/7/v1", true),
            ("https://a.examplexcom/admin/7/v1", false),
            ("https://a.example.com/admin/7/v1/more", false),
            ("https://a.example.com/admin/7", false),
            ("https://a.example.com/admin/7/8/v1", false),
            ("https://a.example.com/admin/7/v1?x=1", false),
            ("https://a.example.com:8443/admin/7/v1", false),
            ("http://a.example.com/admin/7/v1", false),
        ] {
            let parsed = BaseUrl::parse(url).expect("the case is a base URL");
            assert_eq!(parsed.fits(&base), fits, "{url}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, error) in [
            ("https://shop.example", PatternError::NoPlaceholder),
            ("https://{shop.example", PatternError::Braces),
            ("https://shop}.example", PatternError::Braces),
            ("https://{}.example", PatternError::Braces),
            ("https://{Shop}.example", PatternError::Braces),
            ("https://{{shop}}.example", PatternError::Braces),
            ("https://{shop}", PatternError::LastLabel),
            ("https://shop.{tld}", PatternError::LastLabel),
            ("https://shop.{tld}/a", PatternError::LastLabel),
            ("https://shop.a{tld}?b", PatternError::LastLabel),
            ("https://{shop}.example/", PatternError::NotNormal),
            ("https://{shop}.example/a/", PatternError::NotNormal),
            ("{scheme}://shop.example", PatternError::BaseUrl(BaseUrlError::Scheme)),
            ("https://{user}@shop.example", PatternError::BaseUrl(BaseUrlError::UserInformation)),
            ("https://shop.example:{port}", PatternError::BaseUrl(BaseUrlError::Port)),
        ] {
            assert_eq!(Pattern::parse(text).err(), Some(error), "{text}");
        }
    }
}
