//! `accept_per_s_vs_group_commit_limit`: the number of updates per second accepted from 64 producers, divided by the rate at which bare SQLite writes the
//! same rows in transactions of the same size, measured alternately. `accept_p99_ms`: how long a producer waits.

use cartage::id::{CartId, Digest};
use cartage::service::{Acceptance, IdempotencyKey, Service};
use cartage_tests::figure::{Target, figure, median};
use cartage_tests::outfit;
use cartage_tests::shop::{Manner, Shop};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::path::Path;
use std::time::{Duration, Instant};

const PRODUCERS: u64 = 64;
const CARTS: u64 = 10;
const UPDATES: u64 = 12_800;
const ROUNDS: usize = 5;

/// The rows that an update adds to each table, in the order in which they were accepted. Each table has one row for each update.
const ROWS: [(&str, &str); 7] = [
    ("orders", "SELECT t.* FROM deliveries d JOIN lanes l USING (lane) JOIN orders t USING (merchant, cart, order_number) ORDER BY d.nth"),
    (
        "order_labels",
        "SELECT t.* FROM deliveries d JOIN lanes l USING (lane) JOIN order_labels t USING (merchant, cart, order_number) ORDER BY d.nth",
    ),
    (
        "order_packages",
        "SELECT t.* FROM deliveries d JOIN lanes l USING (lane) JOIN order_packages t USING (merchant, cart, order_number) ORDER BY d.nth",
    ),
    (
        "decisions",
        "SELECT t.* FROM deliveries d JOIN lanes l USING (lane) JOIN decisions t USING (merchant, cart, order_number) ORDER BY d.nth",
    ),
    ("lanes", "SELECT t.* FROM deliveries d JOIN lanes t USING (lane) ORDER BY d.nth"),
    ("deliveries", "SELECT * FROM deliveries ORDER BY nth"),
    (
        "idempotency_keys",
        "SELECT t.* FROM deliveries d JOIN lanes l USING (lane) JOIN idempotency_keys t ON t.key = l.order_number ORDER BY d.nth",
    ),
];

pub(crate) async fn measure(scratch: &Path) {
    let shop = Shop::open(Manner::Hangs, |_| {});
    let carts: Vec<_> = (0..CARTS).map(|nth| (outfit::cart_id(format!("cart-{nth}")), shop.script_url(), "")).collect();
    let ids: Vec<CartId> = carts.iter().map(|(id, ..)| id.clone()).collect();
    let (mut ratios, mut rates, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let data = scratch.join(format!("accepting-{round}"));
        drop(outfit::service(&data, &carts).await);
        let (ours, bare) = (data.join("cartage.sqlite"), data.join("bare.sqlite"));
        std::fs::copy(&ours, &bare).expect("there is room");
        let service = Service::open(&data, std::sync::Arc::new(cartage::clock::SystemClock)).expect("what was made");
        let (took, batch) = produce(&service, &ids, &mut waits).await;
        drop(service);
        let limit = replay(&ours, &bare, batch);
        let per_s = UPDATES as f64 / took.as_secs_f64();
        println!("accepting: {per_s:.0}/s, {batch} to a transaction; bare SQLite {:.0}/s", UPDATES as f64 / limit.as_secs_f64());
        rates.push(per_s);
        ratios.push(limit.as_secs_f64() / took.as_secs_f64());
        std::fs::remove_dir_all(&data).expect("it is ours");
    }
    waits.sort();
    let p99 = waits[waits.len() * 99 / 100];
    figure("accept_per_s", median(rates), "/s", &Target::Reported);
    figure("accept_per_s_vs_group_commit_limit", median(ratios), "times", &Target::AtLeast(0.8));
    figure("accept_p99_ms", p99.as_secs_f64() * 1000.0, "ms", &Target::Reported);
}

/// Lets the producers submit updates, each for a new order and with a new key. Returns the time taken, and the number of updates in each
/// transaction.
async fn produce(service: &Service, carts: &[CartId], waits: &mut Vec<Duration>) -> (Duration, u64) {
    let (_, before) = service.store().writes_and_commits();
    let start = Instant::now();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let (service, carts) = (service.clone(), carts.to_vec());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for nth in (producer..UPDATES).step_by(PRODUCERS as usize) {
                    let order = (100_000 + nth).to_string();
                    let request = outfit::request(&carts[nth as usize % carts.len()], &order);
                    let start = Instant::now();
                    let key = IdempotencyKey { key: order, body: Digest::of(&nth.to_be_bytes()), batch: None };
                    let accepted = service.intake().accept(&request, Some(&key)).await.expect("there is room");
                    waits.push(start.elapsed());
                    assert!(matches!(accepted.done, Acceptance::Queued { .. }), "{accepted:?}");
                }
                waits
            })
        })
        .collect();
    for producer in producers {
        waits.extend(producer.await.expect("a producer is asserted to succeed"));
    }
    let took = start.elapsed();
    let (_, after) = service.store().writes_and_commits();
    (took, UPDATES.div_ceil(after - before))
}

/// Writes the same rows into a file with the same schema, with this number of updates in each transaction and no other code.
fn replay(ours: &Path, bare: &Path, batch: u64) -> Duration {
    let ours = Connection::open(ours).expect("it was closed");
    let tables: Vec<_> = ROWS.iter().map(|(table, sql)| (insert(&ours, table), rows(&ours, sql))).collect();
    for ((table, _), (_, rows)) in ROWS.iter().zip(&tables) {
        assert_eq!(rows.len() as u64, UPDATES, "one row of {table} for each update");
    }
    let bare = Connection::open(bare).expect("it was copied");
    bare.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").expect("it is a store");
    bare.execute_batch("INSERT INTO queues SELECT merchant, cart, 0, 0, 0 FROM carts").expect("nothing is queued");
    let start = Instant::now();
    for first in (0..UPDATES as usize).step_by(batch as usize) {
        bare.execute_batch("BEGIN IMMEDIATE").expect("nobody else is here");
        for nth in first..(first + batch as usize).min(UPDATES as usize) {
            for (sql, rows) in &tables {
                let mut statement = bare.prepare_cached(sql).expect("the schema is the same");
                statement.execute(params_from_iter(&rows[nth])).expect("it was a row");
            }
            let mut count = bare.prepare_cached("UPDATE queues SET queued = queued + 1 WHERE cart = ?1").expect("the schema is the same");
            count.execute([&tables[0].1[nth][1]]).expect("it is counted");
        }
        bare.execute_batch("COMMIT").expect("there is room");
    }
    start.elapsed()
}

fn insert(ours: &Connection, table: &str) -> String {
    let columns: usize =
        ours.query_row("SELECT count(*) FROM pragma_table_info(?1)", [table], |row| row.get(0)).expect("there is such a table");
    format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(", "))
}

fn rows(ours: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = ours.prepare(sql).expect("the schema is known");
    let columns = statement.column_count();
    let rows = statement.query_map((), |row| (0..columns).map(|nth| row.get(nth)).collect());
    rows.and_then(Iterator::collect).expect("they can be read")
}
