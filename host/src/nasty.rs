//! Texts for tests that cost a careless algorithm quadratic time or memory: repetitions of every short period that has a meaning to one of
//! our readers, brackets that never close, and lists of texts that begin or end alike. Each can be made as large as a test needs.

/// A hostile text of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Nasty {
    /// The repeated part, for messages.
    pub(crate) kind: String,
    /// The text itself.
    pub(crate) text: String,
}

/// The repeated parts: openings that never close, closings that were never opened, and near misses of an escape, a field or an address.
const PERIODS: &[&str] = &[
    "a",
    "é",
    "\u{1f600}",
    "-",
    " ",
    "\t",
    "\n",
    "\r\n",
    "0.00 ",
    "ab",
    "aab",
    "A customer wrote this line of prose, and wrote it again. ",
    "\\",
    "\\\\",
    "\\\"",
    "\\u00e9",
    "\\ud83d",
    "%",
    "%2",
    "%25",
    "%40",
    "%C3%A9",
    "+",
    "&",
    "&&",
    "&amp;",
    "&#233;",
    "&#x",
    "&lt",
    "=",
    "a=",
    "a=&",
    "email=",
    "&email=",
    "@",
    "a@",
    "@.",
    "a@b.c",
    "a@b.c ",
    "<",
    ">",
    "<a>",
    "</a>",
    "<a/>",
    "<a b=",
    "<a b='",
    "<email>",
    "<Notes>",
    "</Notes>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "<!DOCTYPE",
    "{",
    "}",
    "[",
    "]",
    "[]",
    "[[\"",
    "{}",
    "{\"",
    "{\"a\":",
    "{\"a\":[",
    "{\"email\":",
    "{\"email\":\"",
    "{\"code\":\"email\",\"value\":",
    "\"",
    "\"email\":\"x\",",
    "email: ",
    "email: x\n",
    ":",
    ".",
    "[email]",
    "redacted-email-1 ",
    "--\r\ncontent-disposition: ",
    "YWJj",
    "WVdKag==",
];

/// A text of every kind, each of about this many bytes.
pub(crate) fn texts(bytes: usize) -> Vec<Nasty> {
    let mut all: Vec<Nasty> = PERIODS
        .iter()
        .map(|period| Nasty { kind: format!("{period:?}, repeated"), text: period.repeat((bytes / period.len()).max(1)) })
        .collect();
    all.push(Nasty { kind: "the same, and another at the end".into(), text: "a".repeat(bytes) + "b" });
    all.push(Nasty { kind: "the Fibonacci word".into(), text: fibonacci(bytes) });
    all.push(Nasty { kind: "numbers".into(), text: (0..bytes / 6).map(|nth| format!("{nth:05} ")).collect() });
    all
}

/// Lists of texts, each list of about this many bytes in all.
pub(crate) fn lists(bytes: usize) -> Vec<(String, Vec<String>)> {
    let root = (1..).find(|side| side * side > 2 * bytes).unwrap_or(1);
    let of = |kind: &str, make: &dyn Fn(usize) -> String| (kind.to_owned(), (1..root).map(make).collect::<Vec<String>>());
    let mut all = vec![
        of("prefixes of each other", &|nth| "a".repeat(nth)),
        of("ends of each other", &|nth| format!("b{}", "a".repeat(nth))),
        of("the same but for their last letter", &|nth| format!("{}b", "a".repeat(nth))),
        of("begin alike", &|nth| format!("{}{nth}", "x".repeat(root / 2))),
        of("numbers", &|nth| format!("{nth:010}")),
        ("one text, many times".to_owned(), vec!["Jo Bloggs".to_owned(); bytes / 9]),
    ];
    all.extend(PERIODS.iter().map(|period| {
        let list = (1..root / 8).map(|count| period.repeat(count)).collect();
        (format!("{period:?}, repeated ever more often"), list)
    }));
    all
}

fn fibonacci(bytes: usize) -> String {
    let (mut before, mut word) = ("a".to_owned(), "ab".to_owned());
    while word.len() < bytes {
        (before, word) = (word.clone(), word + &before);
    }
    word
}
