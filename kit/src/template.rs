//! Templates: text in which `${name}` stands for a value, and `${name|json}` for the value escaped for the inside of a JSON string.

/// A placeholder in a template: its name, and how the value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'t> {
    /// The text between `${` and `}`, without the suffix `|json`.
    pub(crate) name: &'t str,
    /// Whether the value is escaped for the inside of a JSON string.
    json: bool,
}

/// Splits a template into its pieces: a text, followed by a placeholder unless the template ends there.
fn pieces(template: &str) -> impl Iterator<Item = Result<(&str, Option<Place<'_>>), String>> {
    let mut rest = Some(template);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((before, after)) = text.split_once("${") else { return Some(Ok((text, None))) };
        let Some((inside, after)) = after.split_once('}') else {
            return Some(Err(format!("`${{{after}` has no end; write `}}` after the name")));
        };
        rest = Some(after);
        let (name, way) = inside.split_once('|').map_or((inside, None), |(name, way)| (name, Some(way)));
        Some(match way {
            None => Ok((before, Some(Place { name, json: false }))),
            Some("json") => Ok((before, Some(Place { name, json: true }))),
            Some(way) => Err(format!("`${{{inside}}}` asks for {way:?}; the only format besides plain text is `json`")),
        })
    })
}

/// The names that a template uses.
///
/// # Errors
/// A sentence for a person that says what is wrong with the template.
pub(crate) fn names(template: &str) -> Result<Vec<&str>, String> {
    let names = pieces(template).filter_map(|piece| piece.map(|(_, place)| place.map(|place| place.name)).transpose());
    names.collect()
}

/// The template with its placeholders filled. A name without a value is replaced by nothing.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len());
    // Templates without an end were refused when the script was read, so `flatten` drops nothing.
    for (text, place) in pieces(template).flatten() {
        filled.push_str(text);
        if let Some(place) = place {
            let value = value(place.name);
            filled.push_str(&if place.json { inside_of_json(&value) } else { value });
        }
    }
    filled
}

fn inside_of_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_json_is_escaped() {
        let value = |name: &str| if name == "note" { "a \"b\"\n".to_owned() } else { format!("<{name}>") };
        assert_eq!(fill("{\"note\": \"${note|json}\", \"id\": ${id}}", value), "{\"note\": \"a \\\"b\\\"\\n\", \"id\": <id>}");
        assert_eq!(fill("no names, $5 and {braces}", value), "no names, $5 and {braces}");
        assert_eq!(names("${a} and ${b.c|json}"), Ok(vec!["a", "b.c"]));
    }

    #[test]
    fn a_template_that_is_wrong_is_told() {
        assert!(names("${order").is_err_and(|error| error.contains("has no end")));
        assert!(names("${order|xml}").is_err_and(|error| error.contains("asks for \"xml\"")));
    }
}
