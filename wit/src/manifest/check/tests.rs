use super::*;
use crate::delivery::{Choice, SettingValue};
use crate::growth::Extension;
use crate::http::{Escape, Method};
use crate::manifest::{
    Base, Carriers, Choices, HeaderPlacement, IntegerLimits, Login, SettingKind, SlotField, SlotKind, TextLimits, TokenPlacement,
    TokenSource,
};
use crate::sample::{header, manifest, secret, text};

/// Makes the change, which must break one rule, and compares the problem's item and a word of its rule.
fn refused(item: &str, word: &str, change: impl FnOnce(&mut Manifest)) {
    let mut broken = manifest();
    change(&mut broken);
    let problems = broken.check().expect_err(item).problems;
    assert!(problems.iter().all(|problem| problem.item == item && problem.rule.contains(word)), "{item} {word}: {problems:#?}");
}

fn taken(what: &str, change: impl FnOnce(&mut Manifest)) {
    let mut changed = manifest();
    change(&mut changed);
    assert_eq!(changed.check(), Ok(()), "{what}");
}

fn limits(min: u32, max: u32, pattern: &str) -> TextLimits {
    TextLimits { min, max, pattern: Some(pattern.into()) }
}

fn login(manifest: &mut Manifest) -> &mut Login {
    let slot = manifest.slots.iter_mut().find(|slot| slot.name == "login").expect("the sample logs in");
    let SlotKind::Login(login) = &mut slot.kind else { panic!("the sample's login is one") };
    login
}

#[test]
fn the_sample_that_uses_everything_is_taken() {
    assert_eq!(manifest().check(), Ok(()));
}

#[test]
fn who_and_what() {
    for name in ["", "A", "a_b", "-a", "../x", "a\0", "con.", &"a".repeat(64), "\u{202e}gpj"] {
        refused("name", "lower-case", |m| m.name = name.into());
    }
    taken("the longest name", |m| m.name = "a".repeat(63));
    for version in
        ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3 ", "1.2.3\n", &format!("1.2.3-{}", "a".repeat(95))]
    {
        refused("version", "Semantic", |m| m.version = version.into());
    }
    for version in ["0.0.0", "1.2.3-alpha.1+b.01", "1.0.0--", &format!("1.2.3-{}", "a".repeat(94))] {
        taken(version, |m| m.version = version.into());
    }
    refused("cart", "empty", |m| m.cart = " ".into());
    refused("summary", "at most 1000", |m| m.summary = "é".repeat(TEXT_CHARACTERS_MAX + 1));
    taken("the longest text", |m| m.summary = "é".repeat(TEXT_CHARACTERS_MAX));
    for bad in ["a\r", "a\t", "\u{1b}[31m", "a\0", "\u{202e}a", "\u{2066}a", "a\u{2028}b", "a\u{9b}b"] {
        refused("about.vendor", "control", |m| m.about.vendor = bad.into());
    }
    for bad in ["nobody", "@", "a@", "javascript:alert(1)", "ftp://a.example", "a@b@c"] {
        refused("about.support", "mail address", |m| m.about.support = Some(bad.into()));
    }
    refused("about.support", "spaces", |m| m.about.support = Some("a b@c.example".into()));
    taken("a support page", |m| m.about.support = Some("https://vendor.example/help".into()));
    refused("about.licence", "SPDX", |m| m.about.licence = Some("MIT; or else".into()));
    refused("about.changelog", "URL", |m| m.about.changelog = Some("changelog.txt".into()));
    taken("nobody to ask", |m| (m.about.support, m.about.licence, m.about.changelog) = (None, None, None));
}

#[test]
fn endpoints() {
    refused("endpoints", "at most 100", |m| {
        let other = m.endpoints[0].clone();
        m.endpoints.extend((0..99).map(|n| super::super::Endpoint { name: format!("e{n}"), ..other.clone() }));
    });
    refused("endpoints[1].name", "lower-case", |m| {
        let other = m.endpoints[0].clone();
        m.endpoints.insert(1, super::super::Endpoint { name: "Api".into(), ..other });
    });
    refused("endpoints.api.name", "once", |m| m.endpoints.push(m.endpoints[0].clone()));
    refused("endpoints.api.purpose", "empty", |m| m.endpoints[0].purpose.clear());
    refused("endpoints.api.example", "base URL", |m| m.endpoints[0].example = "shop.example".into());
    refused("endpoints.login.example", "fits the base", |m| m.endpoints[1].example = "https://vendor.example/token".into());
    refused("endpoints.login.base", "pattern", |m| m.endpoints[1].base = Base::Pattern("https://shop.example".into()));
    refused("endpoints.api.base", "user name or password", |m| m.endpoints[0].base = Base::Fixed("https://a@shop.example".into()));
    refused("endpoints.api.example", "fits the base", |m| m.endpoints[0].base = Base::Fixed("https://api.example".into()));
    let one_of = |urls: &[&str]| Base::OneOf(urls.iter().map(|&url| url.to_owned()).collect());
    let (live, sandbox) = ("https://shop.example/wp-json", "https://sandbox.shop.example/wp-json");
    taken("live and sandbox", |m| m.endpoints[0].base = one_of(&[live, sandbox]));
    refused("endpoints.api.base", "at least 2 entries", |m| m.endpoints[0].base = one_of(&[live]));
    refused("endpoints.api.base", "once", |m| m.endpoints[0].base = one_of(&[live, live]));
    refused("endpoints.api.base[1]", "base URL", |m| m.endpoints[0].base = one_of(&[live, "ftp://shop.example"]));
    refused("endpoints.api.example", "fits the base", |m| m.endpoints[0].base = one_of(&[sandbox, "https://eu.shop.example"]));
    taken("another method", |m| m.endpoints[0].methods.push(Method::Other("PURGE".into())));
    for method in ["CONNECT", "TRACE", "purge", ""] {
        refused("endpoints.api.methods", "neither CONNECT nor TRACE", |m| m.endpoints[0].methods.push(Method::Other(method.into())));
    }
    refused("endpoints.api.methods", "at least 1", |m| m.endpoints[0].methods.clear());
    refused("endpoints.api.methods", "once", |m| m.endpoints[0].methods.push(Method::Get));
    refused("endpoints.api.path-prefixes", "at least 1", |m| m.endpoints[0].path_prefixes.clear());
    refused("endpoints.api.path-prefixes", "once", |m| m.endpoints[0].path_prefixes.push("/orders".into()));
    for prefix in ["", "/orders/"] {
        refused("endpoints.api.path-prefixes[0]", "slash", |m| m.endpoints[0].path_prefixes[0] = prefix.into());
    }
    for prefix in ["orders", "/a/../b", "/a b", "/a?b", "//a", "/%2e"] {
        refused("endpoints.api.path-prefixes[0]", "normal form", |m| m.endpoints[0].path_prefixes[0] = prefix.into());
    }
    for name in ["Accept", "", "x a", "x:a", "x-ä"] {
        refused("endpoints.api.request-headers[0]", "lower case", |m| m.endpoints[0].request_headers[0] = name.into());
    }
    for name in ["host", "cookie", "content-length", "proxy-authorization", "x-forwarded-for", "te", "content-encoding"] {
        refused("endpoints.api.request-headers[0]", "the host alone", |m| m.endpoints[0].request_headers[0] = name.into());
    }
    taken("a scheme that the plugin composes", |m| m.endpoints[0].request_headers[0] = "authorization".into());
    refused("endpoints.api.request-headers", "once", |m| m.endpoints[0].request_headers.push("accept".into()));
    for media_type in ["json", "application/json; charset=utf-8", "Application/json", "/", "a/b/c"] {
        refused("endpoints.api.request-types[0]", "content type", |m| m.endpoints[0].request_types[0] = media_type.into());
        refused("endpoints.api.response-types[0]", "content type", |m| m.endpoints[0].response_types[0] = media_type.into());
    }
    refused("endpoints.api.response-headers[0]", "cookie", |m| m.endpoints[0].response_headers[0] = "set-cookie".into());
    taken("a location is read where there is no redirect", |m| m.endpoints[0].response_headers[0] = "location".into());
}

#[test]
fn slots() {
    let with = |kind: SlotKind, fields: Vec<SlotField>| {
        move |m: &mut Manifest| {
            m.slots[0].kind = kind;
            m.slots[0].fields = fields;
        }
    };
    let field = |name: &str, secret, required| SlotField { name: name.into(), purpose: "A field".into(), secret, required };
    let placement = |name: &str, prefix: &str| SlotKind::Header(HeaderPlacement { name: name.into(), prefix: prefix.into() });
    let value = || vec![field("value", true, true)];
    refused("slots.basic.fields", "at least 1", with(SlotKind::FormField, vec![]));
    refused("slots.basic.fields", "password", with(SlotKind::Basic, vec![field("username", false, true)]));
    refused("slots.basic.fields", "token", with(SlotKind::Bearer, vec![field("value", true, true)]));
    refused("slots.basic.fields.token", "secret", with(SlotKind::Bearer, vec![field("token", false, true)]));
    refused("slots.basic.fields.token", "required", with(SlotKind::Bearer, vec![field("token", true, false)]));
    let pair = vec![field("consumer-key", false, true), field("consumer-secret", true, true), field("token", false, false)];
    let oauth1 = manifest().slot("oauth1").expect("the sample has it").kind.clone();
    refused("slots.basic.fields", "neither", with(oauth1, pair));
    refused("slots.basic.fields[0].name", "lower-case", with(SlotKind::FormField, vec![field("Pass", true, true)]));
    refused("slots.basic.fields.a.name", "once", with(SlotKind::FormField, vec![field("a", true, true), field("a", true, true)]));
    for name in ["host", "cookie", "x-forwarded-for", "content-length"] {
        refused("slots.basic.kind", "host does not set", with(placement(name, ""), value()));
    }
    refused("slots.basic.kind", "lower case", with(placement("X-Key", ""), value()));
    for prefix in [" a", "a\r\n", "é"] {
        refused("slots.basic.kind", "prefix", with(placement("x-key", prefix), value()));
    }
    taken("authorization for a header slot", with(placement("authorization", "Token "), value()));
    taken("an identifying value", with(placement("x-client", ""), vec![field("value", false, true)]));
    refused("slots.basic.kind", "1 to 100", with(SlotKind::Query(String::new()), value()));
    refused("slots.basic.endpoints[0]", "endpoint", |m| m.slots[0].endpoints[0] = "nowhere".into());
    refused("slots.basic.endpoints", "at least 1", |m| m.slots[0].endpoints.clear());
    refused("slots.basic.endpoints", "once", |m| m.slots[0].endpoints.push("api".into()));
    taken("a key that only signs is sent nowhere", |m| {
        m.slots.iter_mut().filter(|slot| slot.name == "mac" || slot.hashed).for_each(|slot| slot.endpoints.clear());
    });
    refused("slots.oauth2.kind.token-endpoint", "endpoint", |m| {
        let slot = m.slots.iter_mut().find(|slot| slot.name == "oauth2").expect("the sample has it");
        let SlotKind::Oauth2ClientCredentials(oauth2) = &mut slot.kind else { panic!("it is one") };
        oauth2.token_endpoint = "nowhere".into();
    });
    refused("slots.oauth2.kind.scope", "scopes", |m| {
        let slot = m.slots.iter_mut().find(|slot| slot.name == "oauth2").expect("the sample has it");
        let SlotKind::Oauth2ClientCredentials(oauth2) = &mut slot.kind else { panic!("it is one") };
        oauth2.scope = Some("a  b".into());
    });
    let oauth2 = |change: fn(&mut crate::manifest::Oauth2)| {
        move |m: &mut Manifest| {
            let slot = m.slots.iter_mut().find(|slot| slot.name == "oauth2").expect("the sample has it");
            let SlotKind::Oauth2ClientCredentials(oauth2) = &mut slot.kind else { panic!("it is one") };
            change(oauth2);
        }
    };
    taken("the base URL itself as the token endpoint", oauth2(|oauth2| oauth2.path.clear()));
    refused("slots.oauth2.kind.path", "normal form", oauth2(|oauth2| oauth2.path = "token".into()));
    refused("slots.oauth2.kind.parameters[0]", "1 to 1000", oauth2(|oauth2| oauth2.parameters[0].1.clear()));
    refused("slots.oauth2.kind.parameters[0]", "host does not set", oauth2(|oauth2| oauth2.parameters[0].0 = "scope".into()));
    refused(
        "slots.oauth2.kind.apply",
        "host does not set",
        oauth2(|oauth2| {
            oauth2.apply = TokenPlacement::Header(HeaderPlacement { name: "host".into(), prefix: String::new() });
        }),
    );
}

#[test]
fn slots_that_stand_for_each_other() {
    taken("two alternatives", |m| (0..2).for_each(|at| m.slots[at].alternative = Some("either".into())));
    refused("slots.basic.alternative", "at least two", |m| m.slots[0].alternative = Some("either".into()));
    refused("slots.basic.alternative", "lower-case", |m| m.slots[0].alternative = Some("Ei ther".into()));
    refused("slots.basic.alternative", "not required", |m| {
        (0..2).for_each(|at| m.slots[at].alternative = Some("either".into()));
        m.slots[0].required = true;
    });
}

#[test]
fn what_later_releases_know_is_required_by_name_and_bounded() {
    let extension = |name: &str| Extension { name: name.into(), parameters: vec![] };
    refused("requires[0]", "does not know time-slots; a newer one may", |m| m.requires = vec!["time-slots".into()]);
    refused("requires[0]", "registry", |m| m.requires = vec!["No".into()]);
    refused("slots.unset.kind", "is in requires", |m| {
        m.slots.iter_mut().find(|slot| slot.name == "unset").expect("the sample has it").kind = SlotKind::Other(extension("sigv4"));
    });
    refused("settings.dry.kind", "is in requires", |m| m.settings[2].kind = SettingKind::Other(extension("colour")));
    refused("settings.dry.kind", "", |m| {
        let parameters = vec![("a".into(), "x".repeat(4097))];
        m.settings[2].kind = SettingKind::Other(Extension { name: "colour".into(), parameters });
    });
    taken("unknown further data", |m| {
        m.extra = vec![("vendor.example/anything".into(), "x".repeat(4096)), ("a-later-name".into(), String::new())]
    });
    refused("the manifest.extra", "keeps its rules", |m| m.extra = vec![("No".into(), String::new())]);
    refused("endpoints.api.extra", "keeps its rules", |m| m.endpoints[0].extra = vec![("a".into(), "x".repeat(4097))]);
    refused("slots.basic.extra", "keeps its rules", |m| m.slots[0].extra = vec![("a".into(), String::new()); 2]);
    refused("settings.dry.extra", "keeps its rules", |m| m.settings[2].extra = vec![(String::new(), String::new())]);
}

#[test]
fn what_the_cart_bears() {
    taken("the most", |m| {
        m.pace = Pace {
            requests_per_minute: Some(60_000),
            concurrency: Some(256),
            requests_per_call: Some(1_000),
            response_bytes: Some(16 << 20),
        };
    });
    refused("pace.requests-per-minute", "1 to 60000", |m| m.pace.requests_per_minute = Some(0));
    refused("pace.requests-per-minute", "1 to 60000", |m| m.pace.requests_per_minute = Some(60_001));
    refused("pace.concurrency", "1 to 256", |m| m.pace.concurrency = Some(257));
    refused("pace.requests-per-call", "1 to 1000", |m| m.pace.requests_per_call = Some(1_001));
    refused("pace.response-bytes", "1 to 16777216", |m| m.pace.response_bytes = Some((16 << 20) + 1));
}

#[test]
fn logins() {
    refused("slots.login.kind.endpoint", "endpoint", |m| login(m).endpoint = "nowhere".into());
    refused("slots.login.kind", "method", |m| login(m).method = Method::Get);
    refused("slots.login.kind", "normal form", |m| login(m).path = "/a b".into());
    refused("slots.login.kind", "declare it", |m| login(m).headers.push(header("x-a", "1")));
    refused("slots.login.kind", "content type", |m| login(m).headers.clear());
    refused("slots.login.kind", "own", |m| login(m).body = Some(vec![secret("bearer", "token", Escape::None)]));
    refused("slots.login.kind", "own", |m| login(m).body = Some(vec![secret("login", "nothing", Escape::None)]));
    taken("a log-in without a body", |m| login(m).body = None);
    taken("a log-in with plain text", |m| login(m).body = Some(vec![text("x")]));
    let source = |source: TokenSource| move |m: &mut Manifest| login(m).tokens[0].source = source;
    refused("slots.login.kind.tokens.session.source", "JSON pointer", source(TokenSource::JsonPointer("data".into())));
    refused("slots.login.kind.tokens.session.source", "JSON pointer", source(TokenSource::JsonPointer("/a~2".into())));
    refused("slots.login.kind.tokens.session.source", "lower case", source(TokenSource::Header("X-Token".into())));
    refused("slots.login.kind.tokens.session.source", "case of its own", source(TokenSource::Header("set-cookie".into())));
    refused("slots.login.kind.tokens.session.source", "cookie", source(TokenSource::Cookie("a;b".into())));
    taken("a body that is a JSON text", source(TokenSource::JsonPointer(String::new())));
    taken("a body that is the token", source(TokenSource::Body));
    let apply = |apply: TokenPlacement| move |m: &mut Manifest| login(m).tokens[0].apply = Some(apply);
    let cookie = HeaderPlacement { name: "cookie".into(), prefix: String::new() };
    refused("slots.login.kind.tokens.session.apply", "host does not set", apply(TokenPlacement::Header(cookie)));
    refused("slots.login.kind.tokens.session.apply", "cookie", apply(TokenPlacement::Cookie("a=b".into())));
    taken("a cookie", apply(TokenPlacement::Cookie("PHPSESSID".into())));
    refused("slots.login.kind.tokens", "at least 1", |m| login(m).tokens.clear());
    refused("slots.login.kind.tokens.session.name", "once", |m| login(m).tokens[1].name = "session".into());
    refused("slots.login.kind.tokens.user.name", "no field", |m| login(m).tokens[0].name = "user".into());
    refused("slots.login.kind.auth[0]", "another slot", |m| login(m).auth = vec!["login".into()]);
    refused("slots.login.kind.auth[0]", "another slot", |m| login(m).auth = vec!["nowhere".into()]);
    refused("slots.login.kind.auth[0]", "lists the endpoint", |m| login(m).auth = vec!["basic".into()]);
    refused("slots.login.kind.auth[0]", "no log-in", |m| {
        m.slots.iter_mut().find(|slot| slot.name == "oauth2").expect("the sample has it").endpoints = vec!["login".into()];
        login(m).auth = vec!["oauth2".into()];
    });
    refused("slots.login.kind.replaces[0].field", "secret field", |m| login(m).replaces[0].field = "user".into());
    refused("slots.login.kind.replaces[0].field", "secret field", |m| login(m).replaces[0].field = "session".into());
    refused("slots.login.kind.replaces", "once", |m| {
        let again = login(m).replaces[0].clone();
        login(m).replaces.push(again);
    });
    refused("slots.login.kind.lifetime-s", "at least", |m| login(m).lifetime_s = Some(0));
    refused("slots.login.kind.lifetime-pointer", "JSON pointer", |m| login(m).lifetime_pointer = Some("/~".into()));
}

#[test]
fn settings() {
    let kind = |kind: SettingKind| move |m: &mut Manifest| m.settings[2].kind = kind;
    refused("settings.dry.name", "once", |m| m.settings.push(m.settings[2].clone()));
    refused("settings.dry.title", "empty", |m| m.settings[2].title.clear());
    refused("settings.dry.help", "control", |m| m.settings[2].help = "\u{7}".into());
    for (min, max) in [(2, 1), (0, 0)] {
        refused("settings.dry.kind", "min", kind(SettingKind::Text(limits(min, max, ""))));
    }
    refused("settings.dry.kind", "4096", kind(SettingKind::TextMap(limits(0, 4097, ""))));
    taken("the largest text", kind(SettingKind::Text(limits(0, 4096, ""))));
    for pattern in ["(", "a)|(b", "(?=a)", r"(a)\1", "(a{999}){999}"] {
        refused("settings.dry.kind", "regular expression", kind(SettingKind::Text(limits(0, 9, pattern))));
    }
    refused("settings.dry.kind", "500 bytes", kind(SettingKind::Text(limits(0, 9, &"a".repeat(501)))));
    taken("the longest pattern", kind(SettingKind::Text(limits(0, 9, &"a".repeat(500)))));
    refused("settings.dry.kind", "min", kind(SettingKind::Integer(IntegerLimits { min: 1, max: 0 })));
    let fixed = |values: &[&str]| {
        Choices::Fixed(values.iter().map(|&value| Choice { value: value.into(), title: Some("A choice".into()) }).collect())
    };
    refused("settings.dry.kind", "at least 1", kind(SettingKind::Choice(fixed(&[]))));
    refused("settings.dry.kind[1]", "once", kind(SettingKind::ChoiceMap(fixed(&["a", "a"]))));
    refused("settings.dry.kind[0]", "1 to 100", kind(SettingKind::Several(fixed(&[""]))));
    taken("choices of the shop's own", kind(SettingKind::ChoiceMap(Choices::Asked)));
    refused("settings.dry.default", "takes", |m| m.settings[2].default = Some(SettingValue::Integer(1)));
    refused("settings.days.default", "from -1 to 30", |m| m.settings[1].default = Some(SettingValue::Integer(31)));
    refused("settings.dry.former-names[0]", "lower-case", |m| m.settings[2].former_names = vec!["Old".into()]);
    for taken in ["dry", "days", "prefix"] {
        refused("settings.dry.former-names[0]", "no other", |m| m.settings[2].former_names = vec![taken.into()]);
    }
}

#[test]
fn statuses_carriers_and_personal_fields() {
    let status = |value: &str| Choice { value: value.into(), title: None };
    refused("statuses", "at least 1", |m| m.statuses = Statuses::Fixed(vec![]));
    refused("statuses[1]", "once", |m| m.statuses = Statuses::Fixed(vec![status("a"), status("a")]));
    refused("statuses[0]", "1 to 100", |m| m.statuses = Statuses::Fixed(vec![status("")]));
    refused("statuses[0]", "1 to 100", |m| m.statuses = Statuses::Fixed(vec![status(&"é".repeat(101))]));
    taken("the longest status", |m| m.statuses = Statuses::Fixed(vec![status(&"é".repeat(100))]));
    let many = |count: usize| Statuses::Fixed((0..count).map(|n| status(&n.to_string())).collect());
    taken("as many statuses as may be", |m| m.statuses = many(100));
    refused("statuses", "at most 100", |m| m.statuses = many(101));
    taken("any status", |m| m.statuses = Statuses::FreeText);
    taken("statuses of the shop", |m| m.statuses = Statuses::Asked);
    let carriers = |count: usize| Carriers::Fixed((0..count).map(|n| status(&n.to_string())).collect());
    taken("any carrier", |m| m.carriers = Carriers::Any);
    taken("carriers of the shop", |m| m.carriers = Carriers::Asked);
    refused("carriers", "at least 1", |m| m.carriers = Carriers::Known(vec![]));
    taken("as many carriers as may be", |m| m.carriers = carriers(CARRIERS_MAX));
    refused("carriers", "at most 1000", |m| m.carriers = carriers(CARRIERS_MAX + 1));
    refused("carriers[1]", "once", |m| m.carriers = Carriers::Fixed(vec![status("UPS"), status("UPS")]));
    refused("personal-fields[1]", "once", |m| m.personal_fields = vec!["email".into(), "EMail".into()]);
    refused("personal-fields[0]", "control", |m| m.personal_fields = vec!["e\nmail".into()]);
}

#[test]
fn all_problems_are_told_at_once() {
    let mut broken = manifest();
    broken.name = "No".into();
    broken.endpoints[0].methods.clear();
    broken.settings[0].title.clear();
    let error = broken.check().expect_err("three things are wrong");
    assert_eq!(error.problems.len(), 3);
    let expected = "the manifest breaks these rules: name is 1 to 63 lower-case letters, digits and hyphens, a letter or digit first; \
                    endpoints.api.methods has at least 1 entry; settings.order-prefix.title is not empty";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_problem_never_repeats_an_unchecked_name() {
    let mut broken = manifest();
    broken.endpoints[0].name = "\u{1b}[31m\n".into();
    broken.carriers = Carriers::Fixed(vec![Choice { value: "\u{1b}".repeat(1_000), title: None }; 2]);
    let error = broken.check().expect_err("names are wrong").to_string();
    assert!(!error.contains(['\u{1b}', '\n']), "{error}");
}
