//! What the end-to-end tests share: where the guests are, and carts that answer them.

use cartage::carts::Limits;
use cartage::engine::{Plugin, Runtime};
use cartage::exchange::{Call, CallEnd, HostCall, HostReply, Limit, Outcome, Services};
use cartage_contract::delivery::{Applied, Context, Delivery};
use cartage_contract::http::{Response, ResponseHeader};
use cartage_contract::orders::{CivilDate, CivilTime, Update};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use wit_component::{ComponentEncoder, StringEncoding};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The component of `tests/guests/examples/<name>.rs`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = root().join("target/guests").join(name).with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run make test, which builds the guests", path.display()))
}

/// The component of `tests/guests/wat/<name>.wat`: the core module there, with the common parts that it does not have of its own.
pub(crate) fn wat_guest(name: &str) -> Vec<u8> {
    let read = |name: &str| {
        let path = root().join("tests/guests/wat").join(name).with_extension("wat");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let own = read(name);
    if own.contains("\n(component") {
        return wat::parse_str(&own).expect("the text is a component");
    }
    let (fields, _) = own.rsplit_once(')').expect("the text is a module");
    let common = read("common");
    let parts = common.split("\n;; part ").skip(1).map(|part| part.split_once('\n').expect("a part has a heading and a body"));
    let missing = parts.filter(|(heading, _)| !own.contains(heading)).map(|(_, body)| body);
    let text = format!("{fields}\n{})", missing.collect::<String>());
    let mut module = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}.wat: {error}"));
    let mut wit = wit_parser::Resolve::default();
    let (package, _) = wit.push_dir(root().join("wit")).expect("the WIT files are valid");
    let world = wit.select_world(&[package], Some("plugin")).expect("the package has the world");
    wit_component::embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8).expect("the module takes a section");
    let encoded = ComponentEncoder::default().validate(true).module(&module).and_then(|mut encoder| encoder.encode());
    encoded.unwrap_or_else(|error| panic!("{name}.wat: {error:#}"))
}

/// The engine that the tests share.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::with_live_calls(64).expect("the machine has address space for 64 calls"))
}

/// A guest, admitted once for all tests.
pub(crate) async fn admitted(name: &str) -> Plugin {
    static ADMITTED: Mutex<BTreeMap<String, Plugin>> = Mutex::new(BTreeMap::new());
    let known = || ADMITTED.lock().expect("no test panics while it holds this");
    if let Some(plugin) = known().get(name) {
        return plugin.clone();
    }
    let plugin = runtime().admit(guest(name)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    known().insert(name.to_owned(), plugin.clone());
    plugin
}

/// A guest of `tests/guests/wat`, admitted.
pub(crate) async fn wat_admitted(name: &str) -> Plugin {
    runtime().admit(wat_guest(name)).await.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a plugin may know.
pub(crate) fn context() -> Context {
    Context { now_unix_ms: 1_795_000_000_000, entropy: (0..32).collect(), ..Context::default() }
}

/// A `send-order-status` whose note tells a guest how much of its misbehaviour to show.
pub(crate) fn send(note: impl ToString) -> Call {
    let date = CivilDate { year: 2026, month: 11, day: 23 };
    Call::SendOrderStatus {
        update: Box::new(Update {
            order_number: "1021".to_owned(),
            reference_number: None,
            label: "Order Shipped".to_owned(),
            status: Some("shipped".to_owned()),
            previous_label: None,
            changed_at: CivilTime { date, hour: 9, minute: 30, second: 0, utc_offset_minutes: None },
            note: Some(note.to_string()),
            comments: None,
            notify_customer: None,
            packages: Vec::new(),
            line_items: Vec::new(),
            changed_at_unix_ms: None,
            packages_complete: None,
            extra: Vec::new(),
        }),
        delivery: Delivery {
            id: "0193f0c8-0000-7000-8000-000000000000".to_owned(),
            sequence: 1,
            attempt: 1,
            earlier: Vec::new(),
            known_reference: None,
            extra: Vec::new(),
        },
        context: context(),
    }
}

/// A cart that answers everything at once, and what it was asked.
#[derive(Default)]
pub(crate) struct Shop {
    /// In the order asked.
    pub(crate) asks: Vec<HostCall>,
}

impl Services for Shop {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        self.asks.push(ask.clone());
        match ask {
            HostCall::Send(_) => HostReply::Sent(Ok(ok())),
            HostCall::Mac { message, .. } | HostCall::Digest { message, .. } => HostReply::Signed(Ok(format!("{message:?}").into_bytes())),
            HostCall::Log { .. } => HostReply::Logged,
        }
    }
}

impl Shop {
    /// The lines that were logged.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.asks.iter().filter_map(|ask| if let HostCall::Log { message, .. } = ask { Some(message.as_str()) } else { None }).collect()
    }
}

/// Status 200 and a word.
pub(crate) fn ok() -> Response {
    let header = ResponseHeader { name: "content-type".to_owned(), value: "text/plain".to_owned() };
    Response { status: 200, headers: vec![header], body: b"fine".to_vec(), extra: Vec::new() }
}

/// Limits under which only the one that a test sets is ever reached.
pub(crate) fn generous() -> Limits {
    Limits { cpu_ms: 60_000, fuel: u64::MAX, ..Limits::default() }
}

/// A call against a cart that answers at once.
pub(crate) async fn call(plugin: &Plugin, note: impl ToString, limits: &Limits) -> Outcome {
    plugin.call(&send(note), limits, &mut Shop::default()).await
}

pub(crate) fn over(limit: Limit) -> Outcome {
    Outcome::Ended(CallEnd::Limit { limit })
}

pub(crate) fn applied(outcome: &Outcome) -> &Applied {
    match outcome {
        Outcome::Applied(applied) => applied,
        other => panic!("it applies, and does not end as {other:?}"),
    }
}

/// A cart that never answers a request.
pub(crate) struct Silent;

impl Services for Silent {
    async fn answer(&mut self, ask: HostCall) -> HostReply {
        match ask {
            HostCall::Send(_) => std::future::pending().await,
            HostCall::Mac { .. } | HostCall::Digest { .. } => HostReply::Signed(Ok(Vec::new())),
            HostCall::Log { .. } => HostReply::Logged,
        }
    }
}

/// A cart that takes its time.
pub(crate) struct Slow(pub(crate) Duration);

impl Services for Slow {
    async fn answer(&mut self, _: HostCall) -> HostReply {
        tokio::time::sleep(self.0).await;
        HostReply::Sent(Ok(ok()))
    }
}
