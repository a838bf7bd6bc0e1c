use super::*;

const SMALL: &str = "\
format = 1
statuses = [\"Shipped\"]

[[order]]
number = \"1021\"

[[rule]]
name = \"update\"
method = \"POST\"
read.order = { form = \"order\" }
order = \"known\"
add = { shipment = \"${number}\" }
read.number = { form = \"number*\" }
reply = { body = \"OK\" }

[[bypass]]
case = \"ambiguous-order\"
reason = \"a number is unique in this cart\"
";

fn parse(text: &str) -> Result<Script, Error> {
    Script::parse(Path::new("cart-script/script.toml"), text)
}

/// Parses `text`, which must be refused, and returns the error with its causes as one text.
fn refused(text: &str) -> String {
    let error = parse(text).expect_err("it is wrong");
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_small_script_is_read() {
    let script = parse(SMALL).expect("it is right");
    assert_eq!((script.rules[0].name.as_str(), script.rules[0].reply.status, script.bypasses.len()), ("update", 200, 1));
}

#[test]
fn what_the_format_does_not_have_is_refused_by_name_and_line() {
    for (text, parts) in [
        (SMALL.replace("method =", "methode ="), &["unknown field `methode`", "line 9", "docs/conformance.md"][..]),
        (SMALL.replace("statuses =", "states ="), &["unknown field `states`", "line 2"]),
        (SMALL.replace("form = \"order\"", "from = \"order\""), &["unknown field `from`", "line 10"]),
        (SMALL.replace("order = \"known\"", "order = \"there\""), &["unknown variant `there`", "line 11"]),
        (
            format!("{SMALL}[[case]]\nname = \"a\"\nexpect = \"fine\"\nupdate = {{ order = \"1021\" }}\n"),
            &["\"fine\" is neither `applied`", "line"],
        ),
        // A file that ends in the middle of an entry.
        (SMALL[..SMALL.len() - 12].to_owned(), &["line 18"]),
        (SMALL[..150].to_owned(), &["line"]),
    ] {
        let said = refused(&text);
        parts.iter().for_each(|part| assert!(said.contains(part), "{part}\n{said}"));
    }
}

#[test]
fn a_later_version_is_told_before_its_keys() {
    let said = refused(&SMALL.replace("format = 1", "format = 2\nnews = true"));
    assert!(said.contains("has the format 2") && said.contains("use a later Cartage") && !said.contains("news"), "{said}");
    assert!(refused(&SMALL.replace("format = 1\n", "")).contains("write `format = 1`"));
}

#[test]
fn what_does_not_hang_together_is_named() {
    for (from, to, words) in [
        ("reason = \"a number is unique in this cart\"", "reason = \" \"", "[[bypass]] \"ambiguous-order\" has no reason"),
        ("number = \"1021\"", "number = \"1021\"\n[[order]]\nnumber = \"1021\"", "no [[order]] has a number of its own"),
        ("read.order = { form = \"order\" }", "", "depends on the order, but does not read it; add read.order"),
        ("read.number = { form = \"number*\" }", "", "uses ${number}, which is not read"),
        ("read.order = { form", "read.order = { query = \"a\", form", "a value is in one place"),
        ("read.order = { form = \"order\" }", "read.order = { json = \"order\" }", "a JSON pointer begins with a slash"),
        ("body = \"OK\"", "body = \"${order\"", "has no end"),
        ("body = \"OK\"", "body = \"OK\", items = { note = \"${number}\" }", "writes items.note with a name besides"),
        ("body = \"OK\"", "status = 100", "a final status is 200 to 599"),
        ("[[bypass]]", "[[refusal]]\ncase = \"rate-limited\"\nrule = \"none\"\nreply = {}\n[[bypass]]", "names the rule \"none\""),
        ("[[bypass]]", "[[bypass]]\ncase = \"ambiguous-order\"\nreason = \"x\"\n[[bypass]]", "appears twice"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let said = refused(&SMALL.replace(from, to));
        assert!(said.contains(words), "{words}\n{said}");
    }
}

#[test]
fn a_file_is_bounded_and_must_be_there() {
    let folder = std::env::temp_dir().join(format!("cartage-kit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    assert!(matches!(Script::read(&folder), Err(Error::Unreadable { .. })));
    let filler = "#".repeat(SCRIPT_BYTES_MAX as usize - SMALL.len());
    std::fs::write(folder.join(FILE), format!("{SMALL}{filler}")).expect("the folder is ours");
    assert!(Script::read(&folder).is_ok(), "it is just within the bound");
    std::fs::write(folder.join(FILE), format!("{SMALL}{filler}#")).expect("the folder is ours");
    assert!(matches!(Script::read(&folder), Err(Error::TooLarge { .. })));
    std::fs::write(folder.join(FILE), [0xff]).expect("the folder is ours");
    assert!(matches!(Script::read(&folder), Err(Error::NotText { .. })));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}
