use super::*;

fn inlet(keys: &str) -> Inlet {
    toml::from_str(&format!("user = \"om\"\n{keys}")).expect("it is an inlet")
}

#[test]
fn days_are_read_in_the_inlets_order() {
    let (month_day, day_month) = (inlet(""), inlet("dates = \"d/m\""));
    for (text, american, other) in [
        ("6/1/2015", Some("2015-06-01"), Some("2015-01-06")),
        ("06/01/2015", Some("2015-06-01"), Some("2015-01-06")),
        ("12/31/2015", Some("2015-12-31"), None),
        ("31/12/2015", None, Some("2015-12-31")),
        ("2/29/2016", Some("2016-02-29"), None),
        ("2/29/2015", None, None),
        ("6-1-2015", Some("2015-06-01"), Some("2015-01-06")),
        ("1.6.2015", Some("2015-01-06"), Some("2015-06-01")),
        ("6/1/15", Some("2015-06-01"), Some("2015-01-06")),
        ("01-Jun-2015", Some("2015-06-01"), Some("2015-06-01")),
        ("1-JUNE-2015", Some("2015-06-01"), Some("2015-06-01")),
        ("2015-06-01", Some("2015-06-01"), Some("2015-06-01")),
        ("6/1/2015 12:00:00 AM", Some("2015-06-01"), Some("2015-01-06")),
        ("2/2/1970", Some("1970-02-02"), Some("1970-02-02")),
        ("1/1/9999", Some("9999-01-01"), Some("9999-01-01")),
    ] {
        assert_eq!(day(text, &month_day).ok().flatten().as_deref(), american, "{text} as m/d");
        assert_eq!(day(text, &day_month).ok().flatten().as_deref(), other, "{text} as d/m");
    }
}

#[test]
fn absurd_and_negative_dates_are_none() {
    for text in [
        "yesterday",
        "13/13/2015",
        "-6/1/2015",
        "6/-1/2015",
        "6/1/-2015",
        "+6/1/2015",
        "6/1/20155",
        "6/1/215",
        "6/1",
        "6/1/2015/7",
        "6/1/1969",
        "12/29/1899",
        "31-Feb-2015",
        "01-Juin-2015",
        "99999999999999999999/1/2015",
        "６/1/2015",
        "Jun-01-2015",
        "2015/13/01",
    ] {
        let error = day(text, &inlet("")).expect_err(text);
        assert_eq!(error, Error::Date { text: text.to_owned(), dates: DateOrder::MonthDay });
    }
    let error = day("13/13/2015", &inlet("dates = \"d/m\"")).expect_err("no date either way").to_string();
    assert!(error.contains("day/month/year (the inlet's setting dates is \"d/m\")"), "{error}");
    for text in
        ["6/1/2015 noon", "6/1/2015 24:00", "6/1/2015 13:11:60", "6/1/2015 0:00 PM", "6/1/2015 13:00 PM", "6/1/2015 -1:00", "6/1/2015 1"]
    {
        assert_eq!(day(text, &inlet("")), Err(Error::TimeOfDay { text: text.to_owned() }));
    }
}

#[test]
fn moments_get_the_offset_of_the_inlets_zone() {
    let (bare, new_york, kolkata) = (inlet(""), inlet("time_zone = \"America/New_York\""), inlet("time_zone = \"Asia/Kolkata\""));
    for (text, inlet, expected) in [
        ("01-Jun-2015 13:11:51", &bare, "2015-06-01T13:11:51"),
        ("01-Jun-2015 13:11:51", &new_york, "2015-06-01T13:11:51-04:00"),
        ("01-Dec-2015 13:11:51", &new_york, "2015-12-01T13:11:51-05:00"),
        ("01-Jun-2015 13:11", &kolkata, "2015-06-01T13:11:00+05:30"),
        ("6/1/2015 1:11:51 PM", &bare, "2015-06-01T13:11:51"),
        ("6/1/2015 12:00:00 AM", &bare, "2015-06-01T00:00:00"),
        ("6/1/2015 12:30 pm", &bare, "2015-06-01T12:30:00"),
        ("6/1/2015 11:59:59PM", &bare, "2015-06-01T23:59:59"),
        ("01-Jun-2015", &bare, "2015-06-01T00:00:00"),
        (" 01-Jun-2015\t13:11:51 ", &bare, "2015-06-01T13:11:51"),
        // The clocks go back: the first of the two hours counts.
        ("01-Nov-2015 01:30:00", &new_york, "2015-11-01T01:30:00-04:00"),
        // The clocks go forward: this hour does not exist.
        ("08-Mar-2015 02:30:00", &new_york, "2015-03-08T03:30:00-04:00"),
    ] {
        assert_eq!(moment(text, inlet), Ok(Some(expected.to_owned())), "{text}");
    }
    for text in ["12/30/1899 12:00:00 AM", "0000-00-00 00:00:00", " / / "] {
        assert_eq!((moment(text, &new_york), day(text, &new_york)), (Ok(None), Ok(None)), "{text}");
    }
}

#[test]
fn whatever_is_read_is_a_time_for_the_gate() {
    use cartage_policy::validate::{Fields, PackageFields, StatusUpdate, civil_time};
    for zone in ["", "time_zone = \"America/New_York\"", "time_zone = \"Pacific/Kiritimati\"", "time_zone = \"Europe/London\""] {
        for text in ["1/2/1970", "1/2/1970 00:00:00", "12/30/9999 23:59:59", "29-Feb-2024 12:00"] {
            let inlet = inlet(zone);
            let packages = vec![PackageFields { picked_up: day(text, &inlet).ok().flatten(), ..PackageFields::default() }];
            let changed_at = moment(text, &inlet).ok().flatten();
            assert!(changed_at.is_some() && packages[0].picked_up.is_some(), "{text}");
            let fields = Fields { order_number: "1".into(), label: "x".into(), changed_at, packages, ..Fields::default() };
            assert!(StatusUpdate::new(fields, civil_time(0)).is_ok(), "{text} in {zone:?}");
        }
    }
}
