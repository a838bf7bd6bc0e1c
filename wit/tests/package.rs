//! The WIT files: one package that parses, one world with exactly our imports and exports, and a doc comment on every item.

use std::collections::BTreeSet;
use wit_parser::{Docs, Resolve, Type, TypeDefKind, WorldItem, WorldKey};

/// The interfaces that a plugin calls. The others hold types only.
const CALLED: [&str; 3] = ["http", "log", "signing"];

fn package() -> (Resolve, wit_parser::PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(env!("CARGO_MANIFEST_DIR")).expect("the WIT files parse");
    (resolve, package)
}

#[test]
fn one_package_with_one_world() {
    let (resolve, package) = package();
    let package = &resolve.packages[package];
    assert_eq!(package.name.to_string(), "cartage:plugin@1.0.0");
    assert_eq!(package.worlds.keys().map(String::as_str).collect::<Vec<_>>(), ["plugin"]);
}

#[test]
fn the_world_imports_what_a_plugin_may_call_and_exports_what_the_host_calls() {
    let (resolve, package) = package();
    let world = &resolve.worlds[resolve.packages[package].worlds["plugin"]];
    let mut called = BTreeSet::new();
    for (key, item) in &world.imports {
        match (key, item) {
            (WorldKey::Interface(id), WorldItem::Interface { .. }) => {
                let interface = &resolve.interfaces[*id];
                assert_eq!(interface.package, Some(package), "every import is ours");
                if !interface.functions.is_empty() {
                    called.insert(interface.name.as_deref().expect("our interfaces have names"));
                }
            }
            // `use` at the world's level names types.
            (WorldKey::Name(_), WorldItem::Type { .. }) => {}
            other => panic!("the world imports {other:?}"),
        }
    }
    assert_eq!(called.into_iter().collect::<Vec<_>>(), CALLED);
    let mut exports = BTreeSet::new();
    for (key, item) in &world.exports {
        assert!(matches!(item, WorldItem::Function(_)), "{key:?}");
        exports.insert(resolve.name_world_key(key));
    }
    assert_eq!(exports, ["check", "describe", "list-choices", "send-order-status"].map(str::to_owned).into());
}

#[test]
fn nothing_in_the_package_holds_state() {
    let (resolve, _) = package();
    for (_, def) in &resolve.types {
        let stateful = matches!(def.kind, TypeDefKind::Resource | TypeDefKind::Handle(_) | TypeDefKind::Stream(_) | TypeDefKind::Future(_));
        assert!(!stateful, "{:?}: a call is a pure function of plain data", def.name);
    }
}

/// A plugin's author reads them in http.wit; the host goes by the list.
#[test]
fn the_headers_that_are_the_hosts_are_those_that_the_contract_names() {
    let (resolve, package) = package();
    let http = &resolve.interfaces[resolve.packages[package].interfaces["http"]];
    let TypeDefKind::Record(request) = &resolve.types[http.types["request"]].kind else { panic!("a request is a record") };
    let headers = request.fields.iter().find(|field| field.name == "headers").expect("a request has headers");
    let docs = headers.docs.contents.as_deref().expect("they are documented");
    let (_, list) = docs.split_once("These are the host's").expect("the list has its own paragraph");
    let named: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, cartage_contract::manifest::HOST_OWNED_HEADERS.iter().copied().collect());
}

/// Items without a doc comment.
#[derive(Default)]
struct Bare(Vec<String>);

impl Bare {
    fn see(&mut self, item: &str, docs: &Docs) {
        match docs.contents.as_deref().map(str::trim) {
            Some(text) if text.len() > 1 => {}
            _ => self.0.push(item.to_owned()),
        }
    }
}

#[test]
fn every_item_has_a_doc_comment() {
    let (resolve, package) = package();
    let mut bare = Bare::default();
    let package = &resolve.packages[package];
    bare.see("package", &package.docs);
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        bare.see(name, &world.docs);
        for item in world.exports.values() {
            if let WorldItem::Function(function) = item {
                bare.see(&function.name, &function.docs);
            }
        }
    }
    for (interface_name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        bare.see(interface_name, &interface.docs);
        for function in interface.functions.values() {
            bare.see(&format!("{interface_name}.{}", function.name), &function.docs);
        }
        for (name, id) in &interface.types {
            let def = &resolve.types[*id];
            let item = format!("{interface_name}.{name}");
            match &def.kind {
                // A `use` of another interface's type, which is documented there.
                TypeDefKind::Type(Type::Id(_)) => continue,
                TypeDefKind::Record(record) => {
                    record.fields.iter().for_each(|field| bare.see(&format!("{item}.{}", field.name), &field.docs))
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().for_each(|case| bare.see(&format!("{item}.{}", case.name), &case.docs))
                }
                TypeDefKind::Enum(cases) => cases.cases.iter().for_each(|case| bare.see(&format!("{item}.{}", case.name), &case.docs)),
                TypeDefKind::Flags(flags) => flags.flags.iter().for_each(|flag| bare.see(&format!("{item}.{}", flag.name), &flag.docs)),
                // A name for a list.
                TypeDefKind::List(_) => {}
                other => panic!("{item} is {other:?}: teach this test its parts"),
            }
            bare.see(&item, &def.docs);
        }
    }
    assert!(bare.0.is_empty(), "without a doc comment: {}", bare.0.join(", "));
}
