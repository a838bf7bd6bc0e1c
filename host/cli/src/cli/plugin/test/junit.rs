//! The result of a test as JUnit XML, for build servers.

use cartage_conformance::{CaseVerdict, Report};

/// The XML document for a report.
pub(super) fn document(outcome: &Report) -> String {
    let failed = outcome.cases.iter().filter(|case| case.verdict.is_failure()).count();
    let skipped = outcome.cases.iter().filter(|case| matches!(case.verdict, CaseVerdict::Bypassed { .. })).count();
    let (suite, tests) = (text(&format!("{} {}", outcome.plugin, outcome.version)), outcome.cases.len());
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failed}\" \
         skipped=\"{skipped}\">\n"
    );
    for case in &outcome.cases {
        let (class, name) = (text(&outcome.plugin), text(&case.name));
        document.push_str(&format!("    <testcase classname=\"{class}\" name=\"{name}\""));
        match &case.verdict {
            CaseVerdict::Passed | CaseVerdict::NeedlesslyBypassed { .. } => document.push_str("/>\n"),
            CaseVerdict::Bypassed { reason } => {
                document.push_str(&format!(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", text(reason)))
            }
            CaseVerdict::Failed { problems, .. } => {
                document.push_str(">\n");
                for problem in problems {
                    let (message, came) = (text(&problem.wrong), text(&problem.came));
                    let (attempted, remedy) = (text(&problem.attempted), text(&problem.remedy));
                    document.push_str(&format!(
                        "      <failure message=\"{message}\">attempted: {attempted}\nresult: {came}\nwhat to do: {remedy}</failure>\n"
                    ));
                }
                document.push_str("    </testcase>\n");
            }
        }
    }
    document.push_str("  </testsuite>\n</testsuites>\n");
    document
}

/// Text within an element or an attribute. Characters that XML cannot hold, or that a screen would not show, are escaped.
fn text(text: &str) -> String {
    let shown = cartage::visible::line(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage::id::Digest;
    use cartage_conformance::{Case, Level, Problem};

    #[test]
    fn the_document_is_well_formed_whatever_a_cart_says() {
        let problem = Problem {
            attempted: "a <b> & \"c\"".into(),
            came: "]]> \u{0} \u{1b}[31m \u{202e}".into(),
            wrong: "'\n'".into(),
            remedy: "\u{fffe}".into(),
        };
        let case = |name: &str, verdict| Case { name: name.into(), verdict };
        let cases = vec![
            case("a", CaseVerdict::Passed),
            case("b", CaseVerdict::Bypassed { reason: "<none>".into() }),
            case("c", CaseVerdict::Failed { problems: vec![problem], further: 0 }),
        ];
        let (plugin, version, digest) = ("shop".into(), "1.0.0".into(), Digest::of(b""));
        let report = Report { plugin, version, digest, level: Level::Basic, seed: 1, passed: false, calls: 3, cases, limits: vec![] };
        let document = document(&report);
        let parsed = roxmltree::Document::parse(&document).unwrap_or_else(|error| panic!("{error}\n{document}"));
        let suite = parsed.descendants().find(|node| node.has_tag_name("testsuite")).expect("there is a suite");
        let counts = ["tests", "failures", "skipped"].map(|name| suite.attribute(name).expect("it is there"));
        assert_eq!(counts, ["3", "1", "1"]);
        let failure = parsed.descendants().find(|node| node.has_tag_name("failure")).expect("one failed");
        assert!(failure.text().is_some_and(|text| text.starts_with("attempted: a <b> & \"c\"")), "{document}");
    }
}
