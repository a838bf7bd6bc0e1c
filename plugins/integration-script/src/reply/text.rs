//! Reads a script's reply as lines of text: in any charset, without markup, but with XML answers unchanged.
//!
//! Every pass takes time linear in the body's size.

use cartage_sdk::http::{Response, excerpt};

/// Elements that do not end a line of text.
const INLINE: [&str; 16] = ["a", "abbr", "b", "big", "code", "em", "font", "i", "kbd", "s", "small", "span", "strong", "sub", "tt", "u"];

/// Elements whose content is never displayed.
const UNSEEN: [&str; 2] = ["script", "style"];

/// Elements that occur only in a complete page.
const PAGE: [&str; 5] = ["!doctype", "html", "head", "body", "frameset"];

/// The most characters of a tag's name that are compared.
const NAME_BYTES_MAX: usize = 32;

/// A body as text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The text without markup, except for elements of the protocol.
    pub(super) seen: String,
    /// The offset in `seen` at which the body of an HTML page begins.
    body_at: usize,
    /// Whether the reply is a complete HTML page.
    pub(super) is_page: bool,
    /// Whether the reply contained markup.
    pub(super) has_markup: bool,
}

impl Text {
    /// Reads a response's body.
    pub(super) fn of(response: &Response) -> Text {
        flatten(&decoded(response))
    }

    /// The rest of the text from each line that is not empty, in order, without junk before its first character. A page's head is left out.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let mut rest = &self.seen[self.body_at..];
        std::iter::from_fn(move || {
            rest = trimmed(rest);
            let from = rest;
            rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]);
            (!from.is_empty()).then_some(from)
        })
    }
}

/// Decodes UTF-16 if a byte order mark announces it; otherwise decodes as the SDK does.
fn decoded(response: &Response) -> String {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match response.body.as_slice() {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => response.text().into_owned(),
    }
}

/// Removes white space, NUL and byte order marks from the start, including UTF-8 marks that were read as Latin-1.
fn trimmed(text: &str) -> &str {
    let mut rest = text;
    loop {
        let next = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{feff}' | '\u{200b}'));
        let next = next.strip_prefix("\u{ef}\u{bb}\u{bf}").unwrap_or(next);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// A page's text: each comment, and each tag that ends a line, becomes a line end, and other tags are removed.
fn flatten(body: &str) -> Text {
    let mut text = Text { seen: String::with_capacity(body.len()), ..Text::default() };
    let lower = body.to_ascii_lowercase();
    let mut searches = Searches { lower: &lower, none_from: Vec::new() };
    let mut at = 0;
    while let Some(found) = body[at..].find('<') {
        let open = at + found;
        text.seen.push_str(&body[at..open]);
        let markup = searches.markup(open);
        text.has_markup |= matches!(markup, Markup::Inline(_) | Markup::Break(..));
        at = match markup {
            Markup::None => {
                text.seen.push('<');
                open + 1
            }
            Markup::Kept(end) => {
                text.seen.push_str(&body[open..end]);
                end
            }
            Markup::Inline(end) => end,
            Markup::Break(end, of_page) => {
                text.is_page |= of_page;
                text.seen.push('\n');
                if lower[open..].starts_with("</head") || lower[open..].starts_with("<body") {
                    text.body_at = text.seen.len();
                }
                end
            }
        };
    }
    text.seen.push_str(&body[at..]);
    text
}

/// The kind of markup that begins with a `<`, and the offset at which it ends.
enum Markup {
    None,
    Kept(usize),
    Inline(usize),
    /// The offset, and whether only complete pages have this element.
    Break(usize, bool),
}

/// Searches for closing texts. A text that was not found once is not searched for again.
struct Searches<'a> {
    lower: &'a str,
    none_from: Vec<&'static str>,
}

impl Searches<'_> {
    fn end_of(&mut self, mark: &'static str, from: usize) -> Option<usize> {
        if self.none_from.contains(&mark) {
            return None;
        }
        let found = self.lower[from..].find(mark).map(|at| from + at + mark.len());
        if found.is_none() {
            self.none_from.push(mark);
        }
        found
    }

    fn markup(&mut self, open: usize) -> Markup {
        let rest = &self.lower[open..];
        if rest.starts_with("<!--") {
            return self.end_of("-->", open).map_or(Markup::None, |end| Markup::Break(end, false));
        }
        if rest.starts_with("<![cdata[") {
            return self.end_of("]]>", open).map_or(Markup::None, Markup::Kept);
        }
        let name = tag_name(rest);
        if name == "?xml" || ["seti", "response"].iter().any(|own| name.starts_with(own)) {
            return self.end_of(">", open).map_or(Markup::None, Markup::Kept);
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!') {
            return Markup::None;
        }
        let Some(end) = self.end_of(">", open) else { return Markup::None };
        if INLINE.contains(&name) {
            return Markup::Inline(end);
        }
        let is_end_tag = rest.starts_with("</");
        let unseen = UNSEEN.iter().position(|unseen| !is_end_tag && *unseen == name).map(|at| ["</script", "</style"][at]);
        // Xdebug prints PHP's notices as tables.
        let unseen = unseen.or_else(|| (name == "table" && self.lower[open..end].contains("xdebug")).then_some("</table"));
        let end = unseen.and_then(|mark| self.end_of(mark, end)).and_then(|end| self.end_of(">", end)).unwrap_or(end);
        Markup::Break(end, PAGE.contains(&name))
    }
}

/// A tag's name, in the case in which it stands in `tag`; empty if there is none.
fn tag_name(tag: &str) -> &str {
    let name = tag[1..].strip_prefix('/').unwrap_or(&tag[1..]);
    let is_of_name = |(at, c): (usize, char)| at < NAME_BYTES_MAX && (c.is_ascii_alphanumeric() || (at == 0 && matches!(c, '!' | '?')));
    let end = name.char_indices().find(|&place| !is_of_name(place)).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

/// Whether a line is a PHP notice. Some servers print notices before a script's own output.
pub(super) fn is_notice(line: &str) -> bool {
    let line = strip_prefix(line, "PHP ").map_or(line, str::trim_start);
    ["Notice:", "Warning:", "Deprecated:", "Strict Standards:", "Stack trace:"].iter().any(|name| strip_prefix(line, name).is_some())
}

/// Whether PHP reports a fatal error.
pub(super) fn is_php_fatal(seen: &str) -> bool {
    ["Fatal error", "Parse error", "Uncaught "].iter().any(|mark| seen.contains(mark)) && seen.contains(" on line ")
}

/// The text after a prefix, which is compared without regard to ASCII case; `None` if the text begins otherwise.
pub(super) fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The first line, up to a maximum length.
pub(super) fn first_line(text: &str) -> String {
    excerpt(text.trim().lines().next().unwrap_or_default())
}

/// The text of the first element with this name, with its references resolved.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.trim();
    let text = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).map_or_else(|| resolved(text), str::to_owned);
    Some(text.trim().to_owned())
}

/// Whether an element with this name precedes all others.
pub(super) fn has_root(xml: &str, name: &str) -> bool {
    let root = if xml.starts_with("<?") { xml.split_once("?>").map_or("", |(_, rest)| trimmed(rest)) } else { xml };
    root.strip_prefix('<').and_then(|root| strip_prefix(root, name)).is_some_and(|after| after.starts_with(['>', ' ', '/']))
}

fn resolved(text: &str) -> String {
    ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"]
        .iter()
        .zip(["<", ">", "\"", "'", "&"])
        .fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character))
}

#[cfg(test)]
mod tests;
