use super::*;
use crate::alerts::notifier::Notifier;
use crate::deliver::registry::{CartRegistry as _, WorkerNote};
use crate::service::{Cause, Queue, Request, Service};
use cartage_base::clock::ManualClock;
use cartage_engine::file::PluginDir;
use cartage_policy::gate::{Again, Given};
use cartage_policy::schedule::{Breaker, CartKey};
use cartage_policy::validate::Fields;
use cartage_store::carts::{DefinitionRow, PauseRow};
use cartage_store::data_dir::DataDir;
use cartage_store::data_dir::disk_level::{ACCEPT_BYTES_MIN, Disk, DiskLevel, RECORD_BYTES_MIN};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const AT: u64 = 1_800_000_000_000;

/// A disk with as much room as a test says.
struct SomeDisk(AtomicU64);

impl Disk for SomeDisk {
    fn free_bytes(&self, _directory: &Path) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed))
    }
}

struct Desk {
    _folder: tempfile::TempDir,
    service: Service,
    disk: Arc<SomeDisk>,
    clock: Arc<ManualClock>,
}

fn shop() -> CartKey {
    (MerchantId::default(), CartId::new("shop").expect("it is a Cart ID"))
}

impl Desk {
    async fn new() -> Desk {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let (clock, disk) = (Arc::new(ManualClock::at(AT)), Arc::new(SomeDisk(AtomicU64::new(RECORD_BYTES_MIN))));
        let dir = DataDir::init(&folder.path().join("data"), AT).expect("it is made");
        std::fs::write(dir.plugins().join("shop.wasm"), "never run").expect("it is ours");
        let service = Service::on(dir, clock.clone(), disk.clone()).expect("it is opened");
        let text = "cart = \"shop\"\nplugin = \"shop.wasm\"\nmode = \"live\"\n".to_owned();
        let definition = DefinitionRow { cart: shop().1, text, plugin: None, mode: "live".to_owned() };
        let put = move |tx: &Tx<'_>| store::carts::put(tx, &MerchantId::default(), &definition, AT);
        service.store().write::<_, store::Error>(put).await.expect("it can be written");
        Desk { _folder: folder, service, disk, clock }
    }

    async fn kinds(&self) -> Vec<String> {
        self.service.watch().look().await.expect("it looks");
        self.service.alerts().open().await.expect("they can be read").into_iter().map(|alert| alert.kind).collect()
    }

    async fn change<T: Send + 'static>(&self, write: impl FnOnce(&Tx<'_>) -> Result<T, store::Error> + Send + 'static) -> T {
        self.service.store().write(write).await.expect("it can be written")
    }
}

#[tokio::test]
async fn a_pause_is_an_alert_until_the_cart_is_resumed() {
    let desk = Desk::new().await;
    assert_eq!(desk.kinds().await, Vec::<String>::new());
    let pause = PauseRow::new("credentials", None);
    desk.change(move |tx| store::carts::pause_longer(tx, &shop().0, &shop().1, &pause)).await;
    assert_eq!(desk.kinds().await, ["credentials-refused"]);
    desk.clock.advance_ms(60_000);
    assert_eq!(desk.kinds().await, ["credentials-refused"]);
    let alerts = desk.service.alerts().open().await.expect("they can be read");
    assert_eq!((alerts[0].subject.to_string().as_str(), alerts[0].raised_at_unix_ms), ("cart shop", AT), "it is the same one still");
    desk.service.carts().set_pause(&shop().1, None).await.expect("it is resumed");
    assert_eq!(desk.kinds().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cart_that_is_made_again_was_not_seen_yet() {
    let desk = Desk::new().await;
    desk.service.registry().note(&shop(), &WorkerNote::Breaker(Breaker::Open { until_unix_ms: AT + 60_000 }));
    assert_eq!(desk.service.overview().breaker_until(&shop().1), Some(AT + 60_000));
    desk.service.watch().look().await.expect("it can look");
    assert_eq!(desk.service.overview().breaker_until(&shop().1), Some(AT + 60_000), "the cart is there");
    desk.service.removal().remove(&shop().1, Queue::Keep).await.expect("nothing waits");
    assert_eq!(desk.service.overview().breaker_until(&shop().1), None);
}

#[tokio::test]
async fn what_the_worker_says_raises_and_clears() {
    let desk = Desk::new().await;
    let note = |note: WorkerNote<'_>| desk.service.registry().note(&shop(), &note);
    note(WorkerNote::Breaker(Breaker::Open { until_unix_ms: AT + 1 }));
    assert_eq!(desk.kinds().await, ["breaker-open"]);
    note(WorkerNote::Breaker(Breaker::HalfOpen));
    assert_eq!(desk.kinds().await, ["breaker-open"], "one order is on its way, and nobody knows yet");
    note(WorkerNote::Breaker(Breaker::Closed));
    assert_eq!(desk.kinds().await, Vec::<String>::new());
    let plugins = PluginDir::open(&desk.service.data_dir().plugins()).expect("it is there");
    let missing = plugins.read("missing.wasm").expect_err("there is none");
    let no_folder = PluginDir::open(Path::new("there/is/no/such/folder")).expect_err("there is none");
    let why = |source| Error::PluginFile { plugin: "shop.wasm".to_owned(), folder: "plugins".to_owned(), source };
    note(WorkerNote::NotReady { why: &why(missing) });
    assert_eq!(desk.kinds().await, ["plugin-unusable"]);
    note(WorkerNote::NotReady { why: &why(no_folder) });
    assert_eq!(desk.kinds().await, ["cart-not-ready"], "a fault of the machine is none of the plugin's");
    note(WorkerNote::NotReady { why: &std::io::Error::other("no password") });
    assert_eq!(desk.kinds().await, ["cart-not-ready"]);
}

#[tokio::test]
async fn a_plugin_s_file_that_is_gone_is_an_alert_before_anything_is_sent() {
    let desk = Desk::new().await;
    let file = desk.service.data_dir().plugins().join("shop.wasm");
    std::fs::remove_file(&file).expect("it is ours");
    assert_eq!(desk.kinds().await, ["plugin-unusable"]);
    std::fs::write(&file, "back").expect("it is ours");
    assert_eq!(desk.kinds().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cart_that_is_gone_is_an_alert_until_it_is_enabled_or_removed() {
    let desk = Desk::new().await;
    desk.change(|tx| {
        store::carts::set_enabled(tx, &shop().0, &shop().1, false)?;
        alerts::raise(tx, &shop().0, AlertKind::CartGone.name(), &Subject::Cart(shop().1), Said { detail: "gone", remedies: &[] }, AT)
    })
    .await;
    assert_eq!(desk.kinds().await, ["cart-gone"], "while it is disabled nobody knows better");
    desk.service.carts().set_enabled(&shop().1, true).await.expect("it is enabled");
    assert_eq!(desk.kinds().await, Vec::<String>::new());
}

#[tokio::test]
async fn with_little_room_nothing_is_accepted_until_there_is_more() {
    let desk = Desk::new().await;
    let request = Request {
        cart: shop().1,
        cause: Cause::Given(Given::Api),
        fields: Fields { order_number: "1021".into(), label: "Shipped".into(), ..Fields::default() },
        again: Again::No,
    };
    for (free, room, alerts) in [
        (RECORD_BYTES_MIN - 1, DiskLevel::NoRecording, vec!["disk-low"]),
        (ACCEPT_BYTES_MIN, DiskLevel::NoRecording, vec!["disk-low"]),
        (ACCEPT_BYTES_MIN - 1, DiskLevel::Full, vec!["disk-low"]),
        (RECORD_BYTES_MIN, DiskLevel::Enough, vec![]),
    ] {
        desk.disk.0.store(free, Ordering::Relaxed);
        assert_eq!(
            (desk.service.disk_space().level(), desk.kinds().await),
            (room, alerts.into_iter().map(str::to_owned).collect()),
            "{free}"
        );
        match desk.service.intake().accept(&request, None).await {
            Err(Error::NoRoom { free_bytes }) => assert!(!room.accepts() && free_bytes == free),
            Ok(_) => assert!(room.accepts(), "{free}"),
            Err(error) => panic!("{free}: {error}"),
        }
    }
}

#[tokio::test]
async fn only_the_whole_installation_s_own_hear_of_the_disk() {
    let desk = Desk::new().await;
    let other = MerchantId::new("other").expect("it is a name");
    let made = other.clone();
    desk.change(move |tx| store::merchants::put(tx, &made, AT)).await;
    desk.disk.0.store(0, Ordering::Relaxed);
    assert_eq!(desk.kinds().await, ["disk-low"]);
    assert_eq!(desk.service.as_merchant(other).alerts().open().await.expect("they can be read"), []);
}

#[tokio::test]
async fn the_watch_notes_that_somebody_was_told_and_forgets_what_is_over() {
    let desk = Desk::new().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = folder.path().join("said");
    let script = folder.path().join("tell");
    std::fs::write(folder.path().join("begun"), format!("#!/bin/sh\ncat >> {0}; echo >> {0}\n", said.display())).expect("it is ours");
    std::fs::set_permissions(folder.path().join("begun"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    std::fs::rename(folder.path().join("begun"), &script).expect("it is ours");
    let mut notifier = Notifier::new(vec![crate::alerts::notifier::Destination::Command(script)], cartage_commands::Commands);
    desk.disk.0.store(0, Ordering::Relaxed);
    desk.service.watch().once(&mut notifier).await.expect("it looks");
    desk.service.watch().once(&mut notifier).await.expect("it looks");
    assert_eq!(desk.service.alerts().open().await.expect("they can be read")[0].told_at_unix_ms, Some(AT));
    desk.disk.0.store(RECORD_BYTES_MIN, Ordering::Relaxed);
    desk.service.watch().once(&mut notifier).await.expect("it looks");
    let left = desk.service.store().read::<_, store::Error>(|view| alerts::on_record(view, &MerchantId::default())).await;
    assert_eq!(left.expect("it can be read"), []);
    let said = std::fs::read_to_string(said).expect("it was written");
    let news: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(news.iter().map(|one| one["news"].as_str().unwrap_or_default()).collect::<Vec<_>>(), ["raised", "cleared"], "once each");
}
