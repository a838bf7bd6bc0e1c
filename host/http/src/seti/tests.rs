//! From a request to a post: functions, log-in, both encodings, and the limits at their edges.

use super::*;
use cartage_policy::validate::{PACKAGES_MAX, StatusUpdate, civil_time};
use proptest::prelude::*;
use secrecy::SecretString;
use url::form_urlencoded::Serializer;

const PASSWORD: &str = "correct horse battery";

fn inlet(keys: &str) -> Inlet {
    toml::from_str(&format!("user = \"om\"\n{keys}")).expect("it is an inlet")
}

fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn call(body: &str, inlet: &Inlet) -> Result<SetiCall, Error> {
    read(&SetiRequest { method: "POST", query: None, content_type: None, body: body.as_bytes() }, inlet)
}

fn open(body: &str, inlet: &Inlet) -> Result<StatusPost, Error> {
    match call(body, inlet)? {
        SetiCall::UpdateStatus(locked) => locked.open(inlet, &SecretString::from(PASSWORD)),
        SetiCall::SendVersion => panic!("{body} asks for the version"),
    }
}

/// A post of these fields with the right log-in.
fn post(fields: &[(&str, &str)], keys: &str) -> Result<StatusPost, Error> {
    let login = [("setifunction", "updatestatus"), ("setiuser", "om"), ("password", PASSWORD), ("code", ""), ("omversion", "6.000")];
    open(&form(&[&login, fields].concat()), &inlet(keys))
}

fn delimited(fields: &[(&str, &str)]) -> Result<Fields, OrderProblem> {
    let order = [("ordernumber", "9001"), ("orderstatus", "Shipped")];
    only(post(&[&order, fields].concat(), ""))
}

fn xml(document: &str) -> Result<StatusPost, Error> {
    post(&[("update", document)], "")
}

/// An order with these elements, different from all other orders.
fn order(elements: &str) -> Result<Fields, OrderProblem> {
    only(xml(&format!("<Orders><Order><OrderNumber>9001</OrderNumber><Status>Shipped</Status>{elements}</Order></Orders>")))
}

fn only(post: Result<StatusPost, Error>) -> Result<Fields, OrderProblem> {
    let mut updates = post.expect("the post can be read").updates;
    assert_eq!(updates.len(), 1);
    updates.remove(0).map_err(|invalid| invalid.problem)
}

fn numbers(fields: &Fields) -> Vec<&str> {
    fields.packages.iter().map(|package| package.tracking_number.as_deref().unwrap_or("-")).collect()
}

#[test]
fn functions_are_known_in_any_case() {
    let inlet = inlet("");
    for name in ["sendversion", "SendVersion", " SENDVERSION "] {
        assert!(matches!(call(&form(&[("setifunction", name)]), &inlet), Ok(SetiCall::SendVersion)), "{name}");
    }
    assert!(matches!(call("SetiFunction=UPDATESTATUS", &inlet), Ok(SetiCall::UpdateStatus(_))));
    for name in ["ordercount", "downloadorders", "updateorderstatus", "updatestatus2"] {
        let error = call(&form(&[("setifunction", name)]), &inlet).expect_err(name);
        assert_eq!(error, Error::FunctionUnknown { name: name.to_owned() });
    }
    for body in ["", "setifunction=", "setifunction=+", "ordernumber=1"] {
        assert_eq!(call(body, &inlet).expect_err(body), Error::FunctionMissing);
    }
}

#[test]
fn all_of_the_log_in_must_be_right() {
    let given = |user: &str, password: &str, code: &str, inlet: &Inlet| {
        let fields = [("setifunction", "updatestatus"), ("setiuser", user), ("password", password), ("code", code), ("ordernumber", "1")];
        open(&form(&fields), inlet).map(drop)
    };
    let (any_code, with_code) = (inlet(""), inlet("code = \"main\""));
    for (user, password, code, inlet) in
        [("om", PASSWORD, "", &any_code), ("om", PASSWORD, "x", &any_code), (" om ", PASSWORD, "main", &with_code)]
    {
        assert_eq!(given(user, password, code, inlet), Ok(()), "{user} {password} {code}");
    }
    let longer = format!("{PASSWORD} ");
    for (user, password, code, inlet) in [
        ("OM", PASSWORD, "", &any_code),
        ("", PASSWORD, "", &any_code),
        ("om", "", "", &any_code),
        ("om", &longer, "", &any_code),
        ("om", &PASSWORD[1..], "", &any_code),
        ("om", "Correct horse battery", "", &any_code),
        ("om", PASSWORD, "", &with_code),
        ("om", PASSWORD, "Main", &with_code),
        ("x", "x", "x", &with_code),
    ] {
        assert!(matches!(given(user, password, code, inlet), Err(Error::Denied(Denial::Wrong { .. }))), "{user} {password} {code}");
    }
    assert!(matches!(open("setifunction=updatestatus", &any_code), Err(Error::Denied(_))));
}

#[test]
fn nothing_is_parsed_before_the_log_in_and_no_secret_is_shown() {
    let body = form(&[("setifunction", "updatestatus"), ("setiuser", "om"), ("password", "marked-secret"), ("update", "<!DOCTYPE a>")]);
    assert!(matches!(open(&body, &inlet("")), Err(Error::Denied(_))));
    let shown = format!("{:?}", call(&body, &inlet("")));
    assert!(!shown.contains("marked-secret") && !shown.contains(&format!("{:?}", b"marked-secret")), "{shown}");
}

#[test]
fn a_password_is_compared_as_the_text_that_it_is() {
    let inlet = inlet("");
    let password = SecretString::from("café");
    for body in ["setifunction=updatestatus&setiuser=om&password=caf%E9", "setifunction=updatestatus&setiuser=om&password=caf%C3%A9"] {
        let Ok(SetiCall::UpdateStatus(locked)) = call(body, &inlet) else { panic!("{body}") };
        assert!(locked.open(&inlet, &password).is_ok(), "{body}");
    }
}

#[test]
fn delimited_packages_are_found_where_senders_put_them() {
    for (fields, expected) in [
        (&[][..], Ok(vec![])),
        (&[("trackcount", "0")], Ok(vec![])),
        (&[("trackcount", "0"), ("tracknum", "A")], Ok(vec![])),
        (&[("tracknum", "A")], Ok(vec!["A"])),
        (&[("tracknum", ""), ("trackcarrier", "UPS")], Ok(vec![])),
        (&[("trackcount", "1"), ("tracknum", "A"), ("tracknum1", "wrong")], Ok(vec!["A"])),
        (&[("trackcount", "1"), ("tracknum1", "A")], Ok(vec!["A"])),
        (&[("trackcount", "1"), ("tracknum", ""), ("tracknum1", "A")], Ok(vec!["A"])),
        (&[("trackcount", "1"), ("tracknum", "")], Ok(vec![])),
        (&[("trackcount", "1"), ("tracknum", ""), ("trackcarrier", "UPS")], Ok(vec!["-"])),
        (&[("trackcount", "2"), ("tracknum1", "A"), ("tracknum2", "B"), ("tracknum3", "C")], Ok(vec!["A", "B"])),
        (&[("trackcount", "2"), ("tracknum", "A"), ("tracknum2", "B")], Ok(vec!["A", "B"])),
        (&[("trackcount", " 2 "), ("tracknum1", "A"), ("tracknum2", "")], Ok(vec!["A"])),
        (&[("trackcount", "1")], Err("trackcount is 1, but there is no tracknum1")),
        (&[("trackcount", "2"), ("tracknum1", "A")], Err("trackcount is 2, but there is no tracknum2")),
        (&[("trackcount", "-1")], Err("trackcount \"-1\" is not a number of packages")),
        (&[("trackcount", "+1")], Err("trackcount \"+1\" is not a number of packages")),
        (&[("trackcount", "two")], Err("trackcount \"two\" is not a number of packages")),
        (&[("trackcount", "99999999999999999999999")], Err("trackcount \"99999999999999999999999\" is not a number of packages")),
    ] {
        match (delimited(fields), expected) {
            (Ok(read), expected) => assert_eq!(Ok(numbers(&read)), expected, "{fields:?}"),
            (Err(problem), Err(words)) => assert!(problem.to_string().contains(words), "{fields:?}: {problem}"),
            (Err(problem), Ok(_)) => panic!("{fields:?}: {problem}"),
        }
    }
}

#[test]
fn packages_are_counted_at_the_edge() {
    let names: Vec<String> = (1..=PACKAGES_MAX + 1).map(|nth| format!("tracknum{nth}")).collect();
    let counted = |count: usize| {
        let count_text = count.to_string();
        let mut fields = vec![("trackcount", count_text.as_str())];
        fields.extend(names[..count].iter().map(|name| (name.as_str(), name.as_str())));
        delimited(&fields).map(|fields| fields.packages.len())
    };
    assert_eq!(counted(PACKAGES_MAX), Ok(PACKAGES_MAX));
    assert_eq!(counted(PACKAGES_MAX + 1), Err(OrderProblem::PackagesTooMany { count: PACKAGES_MAX + 1 }));
    let listed = |count: usize| {
        let packages: String = (0..count).map(|nth| format!("<Package><TrackNum>{nth}</TrackNum></Package>")).collect();
        order(&format!("<Packages>{packages}</Packages>")).map(|fields| fields.packages.len())
    };
    assert_eq!(listed(PACKAGES_MAX), Ok(PACKAGES_MAX));
    assert_eq!(listed(PACKAGES_MAX + 1), Err(OrderProblem::PackagesTooMany { count: PACKAGES_MAX + 1 }));
}

#[test]
fn what_an_order_lacks_is_named() {
    let missing = |fields: &[(&str, &str)]| only(post(fields, "")).expect_err("something is missing").to_string();
    assert_eq!(missing(&[("orderstatus", "Shipped")]), "there is no order number (ordernumber is missing or empty)");
    assert_eq!(missing(&[("ordernumber", " "), ("orderstatus", "Shipped")]), "there is no order number (ordernumber is missing or empty)");
    assert_eq!(missing(&[("ordernumber", "1")]), "there is no status label (orderstatus is missing or empty)");
    let updates = xml("<Orders><Order><Status>x</Status></Order><Order><OrderNumber>2</OrderNumber><Status/></Order></Orders>");
    let updates = updates.expect("it is XML").updates;
    let said: Vec<_> =
        updates.iter().map(|update| update.as_ref().map_err(|invalid| (invalid.order.as_deref(), invalid.problem.to_string()))).collect();
    assert_eq!(
        said,
        [
            Err((None, "there is no order number (OrderNumber is missing or empty)".to_owned())),
            Err((Some("2"), "there is no status label (Status is missing or empty)".to_owned())),
        ]
    );
}

#[test]
fn an_element_that_has_one_meaning_stands_once() {
    for (elements, name) in [
        ("<Status>Cancelled</Status>", "Status"),
        ("<OrderNumber>1</OrderNumber>", "OrderNumber"),
        ("<Comments>a</Comments><Comments>b</Comments>", "Comments"),
        ("<Packages/><Packages/>", "Packages"),
        ("<Items/><Items/>", "Items"),
        ("<Packages><Package><TrackNum>1</TrackNum><TrackNum>1</TrackNum></Package></Packages>", "TrackNum"),
        ("<Items><Item><Status>a</Status><Status>a</Status></Item></Items>", "Status"),
        // Text that a customer may have written into an order's comments, and that was not escaped.
        ("<Comments>x</Comments><Status>Cancelled</Status><Comments>y</Comments>", "Status"),
    ] {
        assert_eq!(order(elements), Err(OrderProblem::Twice { name }), "{elements}");
    }
    assert_eq!(order("<Notes>a</Notes><Method><b/></Method><Other/><Other/>").map(|fields| fields.note), Ok(Some("a".to_owned())));
    assert_eq!(order("<ReferenceNumber>7<b/></ReferenceNumber>"), Err(OrderProblem::NotText { name: "ReferenceNumber" }));
}

#[test]
fn a_package_is_known_by_its_number_not_by_its_place() {
    let packages = "<Packages><Package><PackageID>1</PackageID><TrackNum>A</TrackNum></Package>\
         <Package><PackageID>2</PackageID><TrackingID>A</TrackingID></Package><Package><PackageID>3</PackageID></Package>\
         <Package><PackageID>4</PackageID></Package></Packages>";
    let ids = |fields: &Fields| fields.packages.iter().map(|package| package.id.clone()).collect::<Vec<_>>();
    let bare = order(packages).expect("it is whole");
    assert_eq!((numbers(&bare), ids(&bare)), (vec!["A", "A"], vec![None, None]));
    let travel = |id: &str| format!("<Package><PackageID>{id}</PackageID><Quantity>1</Quantity></Package>");
    let items =
        format!("<Items><Item><ItemNumber>7</ItemNumber><Packages>{}</Packages></Item></Items>", ["1", "2", "3", "9"].map(travel).concat());
    let fields = order(&format!("{packages}{items}")).expect("it is whole");
    let expected = ["A", "A (2)", "3"].map(|id| Some(id.to_owned()));
    assert_eq!(ids(&fields), expected);
    let travels: Vec<_> = fields.line_items[0].packages.iter().map(|travels| Some(travels.package_id.clone())).collect();
    assert_eq!(travels, expected);
    assert!(StatusUpdate::new(fields, civil_time(0)).is_ok());
    let two = order("<Packages><Package><TrackNum>A</TrackNum><TrackingID>B</TrackingID></Package></Packages>");
    assert_eq!(two, Err(OrderProblem::TwoNumbers { nth: 1, track_num: "A".to_owned(), tracking_id: "B".to_owned() }));
}

#[test]
fn what_the_plugin_cannot_carry_is_left_out() {
    let document = "<Orders><Order><OrderNumber>1</OrderNumber><Status>Shipped</Status><Notes>n</Notes><Comments>c</Comments>\
         <Packages><Package><PackageID>1</PackageID><TrackNum>A</TrackNum></Package></Packages>\
         <Items><Item><ItemNumber>7</ItemNumber><Notes>l</Notes><Packages><Package><PackageID>1</PackageID><Quantity>1</Quantity></Package></Packages>\
         </Item></Items></Order></Orders>";
    let kept = |keys: &str| {
        let fields = only(post(&[("update", document)], keys)).expect("it is whole");
        let line_note = fields.line_items.iter().any(|line| line.note.is_some());
        let travels = fields.line_items.iter().any(|line| !line.packages.is_empty());
        let counts = (fields.packages.len(), fields.line_items.len());
        let noted = fields.note.is_some() || fields.comments.is_some();
        assert!(StatusUpdate::new(fields, civil_time(0)).is_ok(), "{keys}");
        (counts, noted, line_note, travels)
    };
    assert_eq!(kept(""), ((1, 1), true, true, true));
    assert_eq!(kept("leave_out = [\"notes\"]"), ((1, 1), false, false, true));
    assert_eq!(kept("leave_out = [\"packages\"]"), ((0, 1), true, true, false));
    assert_eq!(kept("leave_out = [\"line-items\"]"), ((1, 0), true, false, false));
}

#[test]
fn documents_have_limits() {
    let many = |count: usize| format!("<Orders>{}</Orders>", "<Order><OrderNumber>1</OrderNumber><Status>x</Status></Order>".repeat(count));
    assert_eq!(xml(&many(xml::ORDERS_MAX)).map(|post| post.updates.len()), Ok(xml::ORDERS_MAX));
    assert_eq!(xml(&many(xml::ORDERS_MAX + 1)), Err(Error::Xml(xml::Error::TooManyOrders { count: xml::ORDERS_MAX + 1 })));
    let long = |bytes: usize| order(&format!("<Comments>{}</Comments>", "x".repeat(bytes))).map(drop);
    assert_eq!(long(xml::TEXT_BYTES_MAX), Ok(()));
    let (name, bytes, max) = ("Comments", xml::TEXT_BYTES_MAX + 1, xml::TEXT_BYTES_MAX);
    assert_eq!(long(bytes), Err(OrderProblem::TextTooLong { name, bytes, max }));
    for (document, error) in [
        ("<Orders/>", xml::Error::NoOrder),
        ("<Orders><Other/></Orders>", xml::Error::NoOrder),
        ("<Orders><a:Order/></Orders>", xml::Error::NoOrder),
        ("<Order><OrderNumber>1</OrderNumber></Order>", xml::Error::OtherRoot { root: "Order".to_owned() }),
        ("<!DOCTYPE x><Orders/>", xml::Error::DocumentType),
    ] {
        assert_eq!(xml(document), Err(Error::Xml(error)), "{document}");
    }
    for document in ["<Orders>", "Orders", "<Orders></Order></Orders>", "<Orders/><Orders/>"] {
        assert!(matches!(xml(document), Err(Error::Xml(xml::Error::Malformed(_)))), "{document}: {:?}", xml(document));
    }
}

#[test]
fn one_bad_order_does_not_touch_the_others() {
    let order = |number: &str, date: &str| {
        format!("<Order><OrderNumber>{number}</OrderNumber><Status>x</Status><ChangeDateTime>{date}</ChangeDateTime></Order>")
    };
    let document = format!("<Orders>{}{}{}</Orders>", order("1", "01-Jun-2015 13:11:51"), order("2", "-1-Jun-2015"), order("3", ""));
    let post = xml(&document).expect("it is XML");
    assert_eq!(post.updates.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let said: Vec<_> = post.updates.iter().filter_map(|update| update.as_ref().err()).map(PartOutcome::from).collect();
    let reason = "ChangeDateTime cannot be read: \"-1-Jun-2015\" is not a date from 1970 to 9999, written as month/day/year (the inlet's setting \
         dates is \"m/d\") or as 01-Jun-2015";
    assert_eq!(said, [PartOutcome { order: Some("2".to_owned()), outcome: PostOutcome::Invalid(reason.to_owned()) }]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(method in "GET|POST", query in proptest::option::of(".{0,40}"), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let request = SetiRequest { method: &method, query: query.as_deref(), content_type: None, body: &body };
        if let Err(error) = read(&request, &inlet("")) {
            prop_assert!(error.answer().as_str().starts_with("SETI"));
        }
    }

    /// A post with a right log-in is parsed completely, and results in fields or a reason.
    #[test]
    fn no_update_panics(
        name in "update|trackcount|tracknum|trackpickupdate|ordernumber|orderstatus|orderdetail",
        value in proptest::collection::vec(any::<u8>(), 0..80),
        piece in "(<Order>|</Order>|<Orders>|</Orders>|<OrderNumber>1</OrderNumber>|<Status>x</Status>|<Packages>|<Package>|<TrackNum>|</|<|>|&|&#1;|x|<Notes>|</Notes>|<!\\[CDATA\\[|\\]\\]>){0,14}",
    ) {
        let escaped: String = value.iter().map(|byte| format!("%{byte:02X}")).collect();
        let login = form(&[("setifunction", "updatestatus"), ("setiuser", "om"), ("password", PASSWORD), ("ordernumber", "1"), ("orderstatus", "x")]);
        let xml = format!("{login}&{}", form(&[("update", &format!("<Orders><Order>{piece}</Order></Orders>"))]));
        for body in [format!("{login}&trackcount=1&{name}={escaped}"), xml] {
            match open(&body, &inlet("time_zone = \"Europe/Berlin\"")) {
                Ok(post) => prop_assert!(!post.updates.is_empty()),
                Err(error) => prop_assert!(error.answer().as_str().starts_with("SETI")),
            }
        }
    }
}

#[test]
fn blanks_around_a_document_do_not_matter() {
    let document = "<Orders><Order><OrderNumber>9001\0</OrderNumber><Status> Shipped </Status></Order></Orders>";
    for around in
        ["\r\n", "\0", "\u{a0}", "\u{feff}", "<!-- sent by a till -->", " \t\r\n\0\0\u{a0}<!-- a --> \r\n", "\u{1a}", "&#160;&#13;"]
    {
        for document in [format!("{around}{document}"), format!("{document}{around}"), format!("{around}{document}{around}")] {
            let fields = only(xml(&document)).expect("it can be read");
            assert_eq!((fields.order_number.as_str(), fields.label.as_str()), ("9001", "Shipped"), "{document:?}");
        }
        let declared = format!("{around}<?xml version=\"1.0\"?>{around}{document}{around}");
        assert!(only(xml(&declared)).is_ok(), "{declared:?}");
    }
    assert!(matches!(xml(&format!("{document} and more")), Err(Error::Xml(xml::Error::Malformed(_)))), "words are no blanks");
}

#[test]
fn what_is_left_out_is_not_judged() {
    let left = |part: &str, fields: &[(&str, &str)]| only(post(fields, &format!("leave_out = [{part:?}]")));
    let xml = |elements: &str| format!("<Orders><Order><OrderNumber>9001</OrderNumber><Status>Shipped</Status>{elements}</Order></Orders>");
    let package = "<Package><TrackNum>A</TrackNum><TrackingID>B</TrackingID><PickupDate>2/30/2015</PickupDate></Package>";
    let packages = format!("<Packages>{}</Packages>", package.repeat(PACKAGES_MAX + 1));
    let note = format!("<Notes>{}</Notes>", "x".repeat(70 << 10));
    let item = "<Items><Item><Status><b/></Status><Packages><Package><PackageID>1</PackageID></Package></Packages></Item></Items>";
    for (part, elements) in
        [("packages", packages.as_str()), ("notes", &note), ("notes", "<Comments><b/></Comments><Comments/>"), ("line-items", item)]
    {
        let document = xml(elements);
        assert!(only(post(&[("update", &document)], "")).is_err(), "{part}");
        let fields = left(part, &[("update", &document)]).expect(part);
        assert_eq!((fields.packages.len(), fields.note, fields.comments, fields.line_items.len()), (0, None, None, 0), "{part}");
    }
    let order = [("ordernumber", "9001"), ("orderstatus", "Shipped")];
    let note = "x".repeat(70 << 10);
    for (part, fields) in [
        ("packages", &[("trackcount", "1"), ("tracknum", "A"), ("trackpickupdate", "2/30/2015")][..]),
        ("packages", &[("trackcount", "101")]),
        ("packages", &[("trackcount", "many")]),
        ("notes", &[("orderdetail", note.as_str())]),
    ] {
        let fields = [&order, fields].concat();
        assert!(only(post(&fields, "")).is_err(), "{part}");
        assert_eq!(left(part, &fields).map(|fields| (fields.packages.len(), fields.note)), Ok((0, None)), "{part}");
    }
}

#[test]
fn a_refusal_names_what_could_be_left_out() {
    let reason = |fields: &[(&str, &str)]| {
        let order = [("ordernumber", "9001"), ("orderstatus", "Shipped")];
        let post = post(&[&order, fields].concat(), "").expect("the post can be read");
        let invalid = post.updates[0].as_ref().expect_err("it is not valid");
        invalid.reason()
    };
    let note = "x".repeat(70 << 10);
    for (fields, part) in [
        (&[("trackcount", "1"), ("tracknum", "A"), ("trackpickupdate", "2/30/2015")][..], "packages"),
        (&[("trackcount", "101")], "packages"),
        (&[("orderdetail", note.as_str())], "notes"),
        (&[("update", "<Orders><Order><OrderNumber>1</OrderNumber><Status>x</Status><Items/><Items/></Order></Orders>")], "line-items"),
    ] {
        let reason = reason(fields);
        assert!(reason.ends_with(&format!(", or leave it out with leave_out = [{part:?}] under [seti] in the cart's file")), "{reason}");
    }
    assert!(!reason(&[("orderstatus", " ")]).contains("leave_out"), "a label cannot be left out");
}
