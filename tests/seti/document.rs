//! docs/seti-inbound.md is correct: its limits are those of the code, its settings exist, and its answers are really given.

use crate::read_inlet;
use cartage::carts::inlet::{ACCOUNT_CHARS_MAX, VERSION_CHARS_MAX, WAIT_MS_DEFAULT, WAIT_MS_MAX, WAIT_MS_MIN};
use cartage::validate::{LABEL_CHARS_MAX, LINE_ITEMS_MAX, NOTE_BYTES_MAX, ORDER_NUMBER_CHARS_MAX, PACKAGES_MAX, TEXT_CHARS_MAX};
use cartage_http::seti::{ANSWER_BYTES_MAX, Error, PartOutcome, PostOutcome, Reply, answer, form, xml};
use libtest_mimic::{Failed, Trial};

const DOCUMENT: &str = include_str!("../../docs/seti-inbound.md");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("document::limits_are_the_codes", limits_are_the_codes),
        Trial::test("document::settings_are_read", settings_are_read),
        Trial::test("document::answers_are_given", answers_are_given),
    ]
}

/// A row of a table in the document.
fn row(cells: &str) -> Result<(), Failed> {
    let found = DOCUMENT.lines().any(|line| line.starts_with(&format!("| {cells} |")));
    if found { Ok(()) } else { Err(format!("docs/seti-inbound.md has no row that begins {cells:?}").into()) }
}

/// A number with commas, as the document writes it.
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
}

fn limits_are_the_codes() -> Result<(), Failed> {
    let kib = |bytes: usize| format!("{} KiB", bytes >> 10);
    row(&format!("body of a post | {} MiB, within {} s", form::BODY_BYTES_MAX >> 20, cartage_http::seti::listener::BODY_MS_MAX / 1000))?;
    row(&format!("query of a URL | {}", kib(form::QUERY_BYTES_MAX)))?;
    row(&format!("fields of a form; bytes of one, but for `update` | {}; {}", grouped(form::FIELDS_MAX), kib(form::FIELD_BYTES_MAX)))?;
    row(&format!("orders of a post | {}", grouped(xml::ORDERS_MAX)))?;
    row(&format!("elements; how deep | {}; {}", grouped(xml::ELEMENTS_MAX), xml::DEPTH_MAX))?;
    row(&format!("text of one element | {}", kib(xml::TEXT_BYTES_MAX)))?;
    row(&format!("packages of an order; line items | {PACKAGES_MAX}; {}", grouped(LINE_ITEMS_MAX)))?;
    row(&format!("order number; label; other texts | {ORDER_NUMBER_CHARS_MAX}; {LABEL_CHARS_MAX}; {TEXT_CHARS_MAX} characters"))?;
    row(&format!("a note, comments | {} each", kib(NOTE_BYTES_MAX)))?;
    row(&format!("an answer | {} bytes", grouped(ANSWER_BYTES_MAX)))?;
    row(&format!("`user` | none | 1 to {ACCOUNT_CHARS_MAX} characters"))?;
    row(&format!("`version` | `\"1.000\"` | up to {VERSION_CHARS_MAX} digits and points"))?;
    row(&format!("`wait_ms` | `{WAIT_MS_DEFAULT}` | {WAIT_MS_MIN} to {WAIT_MS_MAX}"))
}

fn settings_are_read() -> Result<(), Failed> {
    let example = DOCUMENT.split("```toml\n[seti]\n").nth(1).and_then(|rest| rest.split("```").next()).ok_or("there is an example")?;
    assert_eq!(read_inlet(example).zone().and_then(|zone| zone.iana_name()), Some("America/New_York"));
    for (name, values) in [
        ("code", &["\"main\""][..]),
        ("dates", &["\"m/d\"", "\"d/m\""]),
        ("encoding", &["\"auto\"", "\"utf-8\"", "\"windows-1252\""]),
        ("answer", &["\"accepted\"", "\"delivered\""]),
        ("leave_out", &["[\"notes\", \"packages\", \"line-items\"]"]),
    ] {
        assert!(DOCUMENT.contains(&format!("\n| `{name}` |")), "{name} has no row");
        for value in values {
            read_inlet(&format!("user = \"om\"\n{name} = {value}"));
        }
    }
    Ok(())
}

fn answers_are_given() -> Result<(), Failed> {
    let part = |outcome: PostOutcome| answer(&[PartOutcome { order: Some("9001".to_owned()), outcome }]).as_str().to_owned();
    let reason = || "R".to_owned();
    let given = [
        Reply::version(&read_inlet("user = \"om\"")).as_str().to_owned(),
        part(PostOutcome::Accepted),
        part(PostOutcome::NothingToDo(reason())),
        part(PostOutcome::StillQueued),
        part(PostOutcome::NeedsAPerson(reason())),
        part(PostOutcome::Invalid(reason())),
        part(PostOutcome::Refused(reason())),
        part(PostOutcome::NotKept(reason())),
        Error::Denied(cartage_http::seti::Denial::NoCart).answer().as_str().to_owned(),
        Error::FunctionUnknown { name: reason() }.answer().as_str().to_owned(),
        Error::Form(form::Error::TooManyFields).answer().as_str().to_owned(),
    ];
    let documented: Vec<&str> = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `SETI")?.split("` |").next()).collect();
    assert_eq!(documented.len(), given.len());
    for (given, documented) in given.iter().zip(documented) {
        let start = format!("SETI{}", documented.trim_end_matches("...").trim_end());
        let exact = !documented.ends_with("...");
        let fits = if exact { *given == start } else { given.starts_with(&start) };
        assert!(fits, "the document says {start:?}, and the answer is {given:?}");
    }
    Ok(())
}
