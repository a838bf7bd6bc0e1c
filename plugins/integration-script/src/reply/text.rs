//! Reading scripts' text: in any case, after PHP's notices, with XML by its tags.

use cartage_sdk::http::excerpt;

/// The rest after a prefix, compared without regard to ASCII case.
pub(super) fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The first line, bounded.
pub(super) fn first_line(text: &str) -> String {
    excerpt(text.trim().lines().next().unwrap_or_default())
}

/// A page's text, with a space in the place of each tag.
pub(super) fn without_tags(page: &str) -> String {
    let mut inside = false;
    page.chars()
        .filter_map(|c| {
            let was_inside = inside;
            inside = if inside { c != '>' } else { c == '<' };
            if !was_inside && !inside { Some(c) } else { (c == '>').then_some(' ') }
        })
        .collect()
}

/// What follows PHP's notices, which some servers print before a script's own output, and white space.
pub(super) fn after_notices(text: &str) -> &str {
    let mut rest = text.trim();
    loop {
        let line = strip_prefix(rest, "<br />").or_else(|| strip_prefix(rest, "<br>")).map_or(rest, str::trim_start);
        let bare = strip_prefix(line, "<b>").unwrap_or(line);
        let is_notice = ["Notice", "Warning", "Deprecated", "Strict Standards"]
            .iter()
            .any(|name| strip_prefix(bare, name).is_some_and(|after| strip_prefix(after, "</b>").unwrap_or(after).starts_with(':')));
        if !is_notice {
            return rest;
        }
        rest = line.split_once('\n').map_or("", |(_, after)| after.trim_start());
    }
}

/// Whether PHP says that it died.
pub(super) fn is_php_fatal(body: &str) -> bool {
    ["Fatal error", "Parse error", "Uncaught "].iter().any(|mark| body.contains(mark)) && body.contains(" on line ")
}

/// The text of the first element of a name, its references resolved.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.trim();
    let text = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).map_or_else(|| resolved(text), str::to_owned);
    Some(first_line(&text))
}

/// Whether an element of this name stands before all others.
pub(super) fn has_root(xml: &str, name: &str) -> bool {
    let root = if xml.starts_with("<?") { xml.split_once("?>").map_or("", |(_, rest)| rest.trim_start()) } else { xml };
    root.strip_prefix('<').and_then(|root| strip_prefix(root, name)).is_some_and(|after| after.starts_with(['>', ' ', '/']))
}

fn resolved(text: &str) -> String {
    ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"]
        .iter()
        .zip(["<", ">", "\"", "'", "&"])
        .fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_passed_over_and_nothing_else() {
        for (text, rest) in [
            (" \r\n OK \n", "OK"),
            ("<br />\n<b>Deprecated</b>:  x in <b>/a</b> on line <b>1</b><br />\n<b>Notice</b>: y\nOK", "OK"),
            ("Warning: x in /a on line 1\nOK", "OK"),
            ("PHP is fine\nOK", "PHP is fine\nOK"),
            ("Warnings are off\nOK", "Warnings are off\nOK"),
            ("<br />\nOK", "<br />\nOK"),
            ("Notice: only this", ""),
            ("", ""),
        ] {
            assert_eq!(after_notices(text), rest, "{text:?}");
        }
    }

    #[test]
    fn a_page_is_read_without_its_tags() {
        assert_eq!(excerpt(&without_tags("<html><b>Not</b> <i class='x'>Found</i><br/>1 > 0")), "Not Found 1 > 0");
        assert_eq!(without_tags("plain"), "plain");
        assert_eq!(without_tags("open <tag"), "open ");
    }

    #[test]
    fn elements_are_found_by_their_tags() {
        let xml = "<?xml version='1.0'?>\n<SETIError><Response><ResponseCode> 3 </ResponseCode>\
                   <ResponseDescription>a &amp;lt; b</ResponseDescription></Response></SETIError>";
        assert_eq!(element(xml, "ResponseCode").as_deref(), Some("3"));
        assert_eq!(element(xml, "ResponseDescription").as_deref(), Some("a &lt; b"));
        assert_eq!(element(xml, "Response").as_deref().map(|text| text.contains("ResponseCode")), Some(true));
        assert_eq!(element(xml, "Nothing"), None);
        assert_eq!(element("<a><![CDATA[x & y]]></a>", "a").as_deref(), Some("x & y"));
        assert!(has_root(xml, "SETIError"));
        assert!(!has_root(xml, "SETI"));
        assert!(!has_root("<SETIOrders><SETIError/></SETIOrders>", "SETIError"));
    }
}
