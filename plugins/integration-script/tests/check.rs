//! The findings of `check`.

use cartage_sdk::contract::delivery::{FindingLevel, Report};
use cartage_sdk::http::{ErrorKind, Reach};
use cartage_sdk::testing::{Cart, Reply};
use cartage_sdk::{FailureKind, FindingSubject};
use integration_script::IntegrationScript;

fn cart(reply: Reply) -> Cart<IntegrationScript> {
    Cart::new().rule(move |_| reply.clone())
}

fn findings(report: &Report) -> Vec<(FindingLevel, FindingSubject)> {
    report.findings.iter().map(|finding| (finding.level, finding.about)).collect()
}

#[test]
fn the_version_is_asked_for_without_credentials_and_reported() {
    for body in ["SETIResponse: version=1.245", "SetiResponse: version=1000\r\n", "SETIRESPONSE:version=1.245"] {
        let run = cart(Reply::text(200, body)).check(None);
        assert_eq!(run.requests.len(), 1);
        run.requests[0].assert_golden("tests/golden/sendversion.http");
        let report = run.succeeded();
        assert_eq!(
            findings(&report),
            [
                (FindingLevel::Fine, FindingSubject::Reachability),
                (FindingLevel::Fine, FindingSubject::Version),
                (FindingLevel::Warning, FindingSubject::Credentials),
            ]
        );
        let version = if body.contains("1.245") { "version is 1.245;" } else { "version is 1000;" };
        assert!(report.findings[1].message.contains(version), "{report:?}");
    }
}

#[test]
fn an_order_is_not_looked_up_and_that_is_said() {
    let report = cart(Reply::text(200, "SETIResponse: version=1.245")).check(Some("1001")).succeeded();
    let last = report.findings.last().expect("there are findings");
    assert_eq!((last.level, last.about), (FindingLevel::Warning, FindingSubject::Order));
    assert!(last.message.contains("1001") && report.order.is_none(), "{report:?}");
}

#[test]
fn what_needs_a_person_is_a_problem_with_a_remedy() {
    use FindingSubject::{Credentials, Reachability};
    for (reply, about) in [
        (Reply::status(404), Reachability),
        (Reply::status(301), Reachability),
        (Reply::status(503), Reachability),
        (Reply::status(401), Credentials),
        (Reply::text(200, ""), Reachability),
        (Reply::text(200, "<html>Welcome</html>"), Reachability),
        (Reply::text(200, "SETIError: Access denied."), Credentials),
        (Reply::text(200, "SETIError: Function \"sendversion\" was not found."), Reachability),
        (Reply::text(200, "SETIResponse=OK;"), Reachability),
        (Reply::error(ErrorKind::Dns, Reach::NothingSent), Reachability),
        (Reply::error(ErrorKind::Timeout, Reach::MaybeSent), Reachability),
        (Reply::error(ErrorKind::Tls, Reach::NothingSent), Reachability),
    ] {
        let report = cart(reply.clone()).check(None).succeeded();
        assert_eq!(findings(&report), [(FindingLevel::Problem, about)], "{reply:?}");
        assert!(report.findings[0].remedy.is_some(), "{reply:?}");
    }
}

#[test]
fn a_denial_is_a_failure_and_no_finding() {
    let run = cart(Reply::status(200)).without_endpoint("script").allow_denials().check(None);
    assert_eq!(run.failed().kind, FailureKind::HostDenied);
}

#[test]
fn a_cart_that_cannot_be_reached_is_unavailable_to_an_update() {
    let run = cart(Reply::error(ErrorKind::Connect, Reach::NothingSent)).send(&cartage_sdk::testing::update("1", "Shipped"));
    assert_eq!(run.failed().kind, FailureKind::Unavailable);
}
