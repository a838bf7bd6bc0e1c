use super::super::sample::cassette;
use super::*;
use cartage_base::causes::chain;

fn said(text: &str) -> String {
    chain(&read(text.as_bytes()).expect_err(text))
}

#[test]
fn what_is_written_reads_back_and_is_written_the_same() {
    let cassette = cassette();
    let text = write(&cassette);
    assert_eq!(read(text.as_bytes()).expect("it was just written"), cassette);
    assert_eq!(write(&read(text.as_bytes()).expect("it was just written")), text);
    assert!(text.starts_with("{\n  \"format\": 2,\n  \"plugin\": \"shop\",\n") && text.ends_with("}\n"), "{text}");
    let compact: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(read(compact.to_string().as_bytes()).expect("blanks and the order of keys do not matter"), cassette);
}

#[test]
fn an_older_format_is_read() {
    let text = serde_json::to_string_pretty(&cassette()).expect("it is plain data");
    assert!(text.contains("\"format\": 1,") && !text.contains("sums"), "{text}");
    assert_eq!(read(text.as_bytes()).expect("it is a cassette of the format before"), cassette());
    let without = text.replace("\"extra\": [],\n", "");
    assert_eq!(read(without.as_bytes()).expect("what is empty may be missing"), cassette());
}

#[test]
fn a_file_that_ends_too_early_is_refused_wherever_it_ends() {
    let text = write(&cassette());
    for end in [1, 20, text.len() / 3, text.len() / 2, text.len() - 3] {
        let said = said(&text[..end]);
        assert!(said.starts_with("it ends too early, at line "), "{end}: {said}");
    }
    assert_eq!(said(&text[..text.len() / 2]).matches("line").count(), 1);
    assert_eq!((said(""), said(" \n")), ("it is empty".to_owned(), "it is empty".to_owned()));
}

#[test]
fn an_edited_file_is_refused_with_the_part_that_was_edited() {
    let text = write(&cassette());
    for (was, is, place) in [
        ("\"plugin\": \"shop\"", "\"plugin\": \"other\"", "what the file says of its plugin"),
        ("\"order_number\": \"1021\"", "\"order_number\": \"1022\"", "the call was changed"),
        ("\"took_ms\": 3", "\"took_ms\": 4", "entry 2 of the recording's 4"),
        ("\\\"shipped\\\"}", "\\\"sent\\\"}", "entry 4 of the recording's 4"),
        ("\"secret_reflected\": false", "\"secret_reflected\": true", "the recording beside its entries"),
        ("\"reference\": \"7\"", "\"reference\": \"8\"", "the outcome was changed"),
        ("\"outcome\": \"done\"", "\"outcome\": 5", "the outcome was changed"),
        ("\"sums\"", "\"sum\"", "the list `sums` was changed"),
    ] {
        let edited = text.replacen(was, is, 1);
        assert_ne!(edited, text, "{was}");
        assert!(said(&edited).contains(place), "{was}: {}", said(&edited));
    }
    let mut value: Value = serde_json::from_str(&text).expect("it is JSON");
    value["recording"]["entries"].as_array_mut().expect("it is a list").pop();
    assert!(said(&value.to_string()).contains("which was 4 and is 3"), "{}", said(&value.to_string()));
}

#[test]
fn what_no_cassette_has_is_refused_also_where_there_are_no_sums() {
    let text = serde_json::to_string_pretty(&cassette()).expect("it is plain data");
    let key = text.replacen("\"took_ms\": 3", "\"took_ms\": 3, \"tok_ms\": 5", 1);
    assert_eq!(said(&key), "recording.entries.2.http.tok_ms is not part of a cassette");
    let missing = text.replacen("\"label\"", "\"lable\"", 1);
    assert!(said(&missing).contains("missing field `label` at line "), "{}", said(&missing));
}

#[test]
fn another_version_and_other_files_are_refused_by_what_they_are() {
    let text = write(&cassette());
    assert_eq!(
        said(&text.replacen("\"format\": 2", "\"format\": 3", 1)),
        "it is written in format 3, and this release reads the formats 1 to 2"
    );
    for other in ["{}", "[]", "7", "{\"format\": 0}", "{\"format\": \"2\"}"] {
        assert!(said(other).starts_with("it is not a cassette"), "{other}: {}", said(other));
    }
    assert!(said("format: 2").starts_with("it is not JSON: "));
}
