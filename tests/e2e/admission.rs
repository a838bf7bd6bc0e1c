//! Each way in which a file is no plugin: refused with its own reason, before anything of it can matter.

use crate::harness::{admitted, guest, runtime, wat_guest};
use cartage::engine::admit::{Error, FileKind, ImportOrigin, PLUGIN_BYTES_MAX};
use cartage::exchange::{CallEnd, Limit};
use cartage::id::Digest;
use cartage::remedy::Remedy;
use std::error::Error as _;
use std::time::{Duration, Instant};

async fn refused(bytes: impl Into<Vec<u8>>) -> Error {
    match runtime().admit(bytes.into()).await {
        Ok(plugin) => panic!("{} is admitted", plugin.manifest().name),
        Err(error) => error,
    }
}

async fn refused_text(component: &str) -> Error {
    refused(wat::parse_str(component).expect("the text is well formed")).await
}

/// The message and those of its causes.
fn chain(error: &Error) -> String {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        chain = format!("{chain}\n{error}");
        cause = error.source();
    }
    chain
}

/// What `cartage plugin new` writes, built by `make guests`.
#[tokio::test]
async fn a_new_plugin_is_admitted_as_it_is() {
    for (name, endpoint) in [("new_rest", "api"), ("new_graphql", "api"), ("new_webhook", "receiver")] {
        assert_eq!(admitted(name).await.manifest().endpoints[0].name, endpoint, "{name}");
    }
}

#[tokio::test]
async fn a_plugin_is_known_by_its_digest_and_by_what_it_said() {
    let bytes = guest("well_behaved");
    let plugin = runtime().admit(bytes.clone()).await.expect("it does nothing wrong");
    assert_eq!(plugin.digest(), Digest::of(&bytes));
    assert_eq!((plugin.manifest().name.as_str(), plugin.manifest().endpoints[0].name.as_str()), ("well-behaved", "api"));
    assert_eq!(admitted("well_behaved").await.digest(), plugin.digest());
}

#[tokio::test]
async fn what_is_no_component_is_named() {
    let precompiled = wasmtime::Engine::default().precompile_component(b"\0asm\x0d\0\x01\0").expect("an empty component compiles");
    let program = std::env::current_exe().and_then(std::fs::read).expect("this test is a program");
    let cases: [(&[u8], FileKind, &str); 14] = [
        (b"", FileKind::Empty, "an empty file"),
        (b"\0", FileKind::Truncated, "cut short"),
        (b"\0asm", FileKind::Truncated, "cut short"),
        (b"\0asm\x0d\0\x01", FileKind::Truncated, "cut short"),
        (b"\0asm\x01\0\0\0", FileKind::CoreModule, "a core module"),
        (b"\0asm\x0e\0\x01\0", FileKind::UnknownWasm, "unknown version"),
        (b"(component)", FileKind::Text, "a text file"),
        ("\u{feff};; cafe\n(component)".as_bytes(), FileKind::Text, "a text file"),
        (&precompiled, FileKind::Precompiled, "give the component that it was compiled from"),
        (&program[..PLUGIN_BYTES_MAX.min(program.len())], FileKind::Native, "a native program"),
        (b"PK\x03\x04rest of an archive", FileKind::Archive, "unpack it"),
        (b"\x1f\x8brest of an archive", FileKind::Archive, "unpack it"),
        (b"\x80\x81\x82", FileKind::Unknown, "not a WebAssembly component"),
        (&[0; 100], FileKind::Unknown, "not a WebAssembly component"),
    ];
    for (bytes, kind, said) in cases {
        let error = refused(bytes).await;
        assert!(matches!(error, Error::NotAComponent(found) if found == kind), "{kind:?}: {error:?}");
        assert!(error.to_string().contains(said), "{error}");
        let is_to_be_built = matches!(kind, FileKind::CoreModule | FileKind::Text | FileKind::Native | FileKind::Unknown);
        assert_eq!(error.remedy(), is_to_be_built.then_some(Remedy::BuildPlugin), "{kind:?}");
    }
}

#[tokio::test]
async fn size_is_bounded_first() {
    let mut bytes = vec![0; PLUGIN_BYTES_MAX];
    assert!(matches!(refused(bytes.clone()).await, Error::NotAComponent(FileKind::Unknown)));
    bytes.push(0);
    let error = refused(bytes).await;
    assert_eq!(error.to_string(), "the plugin has 25165825 bytes, and 25165824 are allowed; build it without debug information");
}

#[tokio::test]
async fn an_empty_component_lacks_our_exports() {
    let error = refused(b"\0asm\x0d\0\x01\0".as_slice()).await;
    assert!(matches!(error, Error::MissingExport { export: "describe" }), "{error:?}");
    let one = r#"(component (core module $m (func (export "f")))
        (core instance $i (instantiate $m)) (func (export "describe") (canon lift (core func $i "f"))))"#;
    assert!(matches!(refused_text(one).await, Error::MissingExport { export: "list-choices" }));
}

#[tokio::test]
async fn a_plugin_cut_short_anywhere_is_refused() {
    let (whole, started) = (wat_guest("grows_table"), Instant::now());
    // What follows the last section that means anything may be missing.
    let needed = whole.len() - trailing_custom_sections(&whole);
    assert!(needed > 1_000, "{needed}");
    for length in 0..needed {
        refused(&whole[..length]).await;
    }
    let whole = guest("well_behaved");
    let needed = whole.len() - trailing_custom_sections(&whole);
    for length in (0..needed).step_by(991) {
        refused(&whole[..length]).await;
    }
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

/// Bytes of the custom sections at a component's end.
fn trailing_custom_sections(component: &[u8]) -> usize {
    let mut meaningful = 0;
    let mut depth = 0;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        match payload.expect("it is whole") {
            wasmparser::Payload::Version { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth -= 1,
            wasmparser::Payload::CustomSection(_) => {}
            other if depth == 1 => meaningful = other.as_section().map_or(meaningful, |(_, range)| range.end),
            _ => {}
        }
    }
    component.len() - meaningful
}

#[tokio::test]
async fn a_flipped_bit_is_refused_or_harmless_and_never_a_panic() {
    let whole = wat_guest("grows_table");
    let mut refusals = 0;
    for at in (8..whole.len()).step_by(23) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        refusals += u32::from(runtime().admit(flipped).await.is_err());
    }
    assert!(refusals > 10, "{refusals}");
}

#[tokio::test]
async fn foreign_imports_are_named_with_their_likely_cause() {
    let error = refused(wat_guest("asks_for_sockets")).await;
    assert_eq!(
        error.to_string(),
        "the plugin imports wasi:sockets/instance-network@0.2.0, which is not available to plugins; it opens connections of its own: send requests \
         through the contract's http.send to endpoints of the manifest"
    );
    for (import, expected) in [
        ("wasi:cli/environment@0.2.0", ImportOrigin::Command),
        ("wasi:cli/stdout@0.2.12", ImportOrigin::Command),
        ("wasi:filesystem/types@0.2.0", ImportOrigin::Files),
        ("wasi:clocks/wall-clock@0.2.0", ImportOrigin::Clock),
        ("wasi:random/random@0.2.0", ImportOrigin::Random),
        ("wasi:http/outgoing-handler@0.2.0", ImportOrigin::Network),
        ("wasi:io/poll@0.2.0", ImportOrigin::Wasi),
        ("evil:x/y", ImportOrigin::Unknown),
        ("cartage:plugin/files@1.0.0", ImportOrigin::Unknown),
        ("cartage:plugins/http@1.0.0", ImportOrigin::Unknown),
    ] {
        let error = refused_text(&format!(r#"(component (import "{import}" (instance)))"#)).await;
        assert!(matches!(&error, Error::ForeignImport { import: found, cause } if found == import && *cause == expected), "{error:?}");
    }
    let function = refused_text(r#"(component (import "exit" (func)))"#).await;
    assert!(matches!(&function, Error::ForeignImport { import, .. } if import == "exit"), "{function:?}");
    let resource = refused_text(r#"(component (import "socket" (type (sub resource))))"#).await;
    assert!(matches!(&resource, Error::ForeignImport { import, .. } if import == "socket"), "{resource:?}");
}

#[tokio::test]
async fn another_version_of_the_contract_is_told_from_a_foreign_import() {
    for import in ["cartage:plugin/http@0.1.0", "cartage:plugin/http@2.0.0", "cartage:plugin/http@1.1.0", "cartage:plugin/http"] {
        let error = refused_text(&format!(r#"(component (import "{import}" (instance)))"#)).await;
        assert!(matches!(&error, Error::ContractVersion { item } if item == &format!("the import {import}")), "{error:?}");
    }
    let exports = r#"(component (instance $i) (export "cartage:plugin/carrier@0.1.0" (instance $i)))"#;
    let error = refused_text(exports).await;
    assert_eq!(
        error.to_string(),
        "the plugin has the export cartage:plugin/carrier@0.1.0, and this host supports cartage:plugin@1.0.0; the contract before 1.0.0 was \
         unstable, and no host supports it any more: the plugin's vendor must build it again with the current SDK"
    );
}

/// A component with our exports, each of them a function without arguments or result, and whatever else.
fn with_exports(more: &str) -> String {
    let lifted = ["describe", "list-choices", "check", "send-order-status"]
        .map(|name| format!(r#"(func (export "{name}") (canon lift (core func $i "f")))"#));
    format!(r#"(component {more} (core module $m (func (export "f"))) (core instance $i (instantiate $m)) {})"#, lifted.concat())
}

#[tokio::test]
async fn an_import_or_export_of_another_type_is_named() {
    let error = refused_text(&with_exports("")).await;
    assert!(matches!(error, Error::ExportType(_)) && chain(&error).contains("`check`"), "{}", chain(&error));
    let import = r#"(import "cartage:plugin/log@1.0.0" (instance (export "log" (func (param "message" string)))))"#;
    let error = refused_text(&with_exports(import)).await;
    assert!(matches!(error, Error::ImportType(_)) && chain(&error).contains("log"), "{}", chain(&error));
    let import = r#"(import "cartage:plugin/log@1.0.0" (instance (export "shout" (func))))"#;
    let error = refused_text(&with_exports(import)).await;
    assert!(matches!(error, Error::ImportType(_)) && chain(&error).contains("shout"), "{}", chain(&error));
}

#[tokio::test]
async fn proposals_that_are_switched_off_are_refused() {
    for (proposal, module) in [
        ("memory64", "(memory i64 1)"),
        ("shared memory", "(memory 1 1 shared)"),
        ("several memories", "(memory 1) (memory 1)"),
        ("garbage collection", "(type (struct (field i32)))"),
        ("exceptions", "(tag)"),
        ("tail calls", "(func $f return_call $f)"),
        ("relaxed SIMD", "(func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle)"),
        ("wide arithmetic", "(func (param i64 i64 i64 i64) (result i64 i64) local.get 0 local.get 1 local.get 2 local.get 3 i64.add128)"),
    ] {
        let error = refused_text(&with_exports(&format!("(core module {module})"))).await;
        assert!(matches!(error, Error::Invalid(_)), "{proposal}: {error:?}");
    }
    let asynchronous = r#"(component (type (future u8)))"#;
    assert!(matches!(refused_text(asynchronous).await, Error::Invalid(_)));
    let bulk = "(core module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.fill))";
    assert!(matches!(refused_text(&with_exports(bulk)).await, Error::ExportType(_)), "what toolchains use today passes");
}

#[tokio::test]
async fn what_the_host_has_no_room_for_is_refused() {
    let instances = |module: &str, count: usize| {
        with_exports(&format!("(core module $x {module}) {}", "(core instance (instantiate $x))".repeat(count)))
    };
    for (within, over) in [
        (instances("(memory 0)", 4), instances("(memory 0)", 5)),
        (instances("(table 0 funcref)", 32), instances("(table 0 funcref)", 33)),
        (instances("", 63), instances("", 64)),
        (instances("(memory 8192)", 1), instances("(memory 8193)", 1)),
        (instances("(table 65536 funcref)", 1), instances("(table 65537 funcref)", 1)),
    ] {
        let error = refused_text(&within).await;
        assert!(matches!(error, Error::ExportType(_)), "{}", chain(&error));
        let error = refused_text(&over).await;
        assert!(matches!(error, Error::Unfit(_)), "{}", chain(&error));
    }
    let error = refused(wat_guest("declares_too_much_memory")).await;
    assert!(matches!(error, Error::Unfit(_)) && chain(&error).contains("memory"), "{}", chain(&error));
}

#[tokio::test]
async fn a_plugin_that_asks_for_anything_while_describing_is_refused() {
    for (name, expected) in
        [("asks_while_describing", "a request"), ("signs_while_describing", "a signature"), ("logs_while_describing", "a log line")]
    {
        let error = refused(guest(name)).await;
        assert!(matches!(error, Error::AskedWhileDescribing { what } if what == expected), "{name}: {error:?}");
        assert!(error.to_string().contains(expected) && error.to_string().contains("in describe"), "{error}");
    }
}

#[tokio::test]
async fn a_plugin_that_cannot_describe_itself_is_refused() {
    let error = refused(guest("panics_while_describing")).await;
    let Error::Describe(CallEnd::Trap { reason }) = &error else { panic!("{error:?}") };
    assert!(reason.starts_with("panicked at ") && reason.contains(": no manifest today; in "), "{reason}");
    let started = Instant::now();
    let error = refused(wat_guest("never_returns_in_start")).await;
    assert!(matches!(error, Error::Describe(CallEnd::Limit { limit: Limit::CpuMs(_) | Limit::Fuel(_) })), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let error = refused(wat_guest("declares_much_memory")).await;
    assert!(matches!(error, Error::Describe(CallEnd::Limit { limit: Limit::MemoryBytes(67_108_864) })), "{error:?}");
}

#[tokio::test]
async fn a_manifest_that_breaks_a_rule_is_refused_with_the_rule() {
    let error = refused(guest("describes_nonsense")).await;
    let Error::Manifest(broken) = &error else { panic!("{error:?}") };
    assert_eq!(broken.problems.len(), 1, "{broken:?}");
    assert!(broken.to_string().starts_with("the manifest breaks these rules: name "), "{broken}");
}
