//! Each limit at its edge, on components of a few lines: a call just within the limit passes, one just over ends with that limit's error.

use super::*;
use crate::{compile, ticker::Ticker};
use std::sync::OnceLock;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

fn engine() -> &'static (Engine, Ticker) {
    static ENGINE: OnceLock<(Engine, Ticker)> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let engine = compile::engine(16).expect("the machine has address space for 16 calls");
        let ticker = Ticker::start(&engine).expect("a thread can be started");
        (engine, ticker)
    })
}

/// Runs `run: func(n: u32) -> u32` of a component under a cart's limits, with `give: func(bytes: list<u8>)` to call.
async fn run(component: &str, n: u32, limits: &Limits) -> Result<u32, CallEnd> {
    let (engine, ticker) = engine();
    let _ticking = ticker.watch();
    let budget = Budget::new(limits);
    let mut store = Store::new(engine, budget.limiter());
    budget.apply(&mut store, |limiter| limiter).expect("the store takes its limits");
    let mut linker = Linker::new(engine);
    linker.root().func_wrap("give", |_, (_,): (Vec<u8>,)| Ok(())).expect("the linker is empty");
    let component = Component::new(engine, wat::parse_str(component).expect("the text is well formed")).expect("the component is valid");
    let called = async {
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run")?;
        Ok(run.call_async(&mut store, (n,)).await?.0)
    };
    called.await.map_err(|error| budget.ended(&error, None))
}

/// A component around a core module that exports `run`.
fn around(module: &str) -> String {
    format!(
        r#"(component
            (core module $m {module})
            (core instance $i (instantiate $m))
            (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))"#
    )
}

/// A component whose core module can also hand bytes to the host.
fn giving(module: &str) -> String {
    format!(
        r#"(component
            (import "give" (func $give (param "bytes" (list u8))))
            (core module $libc (memory (export "memory") 64))
            (core instance $libc (instantiate $libc))
            (core func $give (canon lower (func $give) (memory (core memory $libc "memory"))))
            (core module $m (import "" "give" (func $give (param i32 i32))) {module})
            (core instance $i (instantiate $m (with "" (instance (export "give" (func $give))))))
            (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))"#
    )
}

const RECURSES: &str = r#"(func $run (export "run") (param i32) (result i32)
    local.get 0 i32.eqz if (result i32) i32.const 0 else local.get 0 i32.const 1 i32.sub call $run i32.const 1 i32.add end)"#;
const SPINS: &str = r#"(func (export "run") (param i32) (result i32) loop br 0 end i32.const 0)"#;
const COUNTS: &str = r#"(func (export "run") (param i32) (result i32)
    loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 0)"#;

fn over(limit: Limit) -> Result<u32, CallEnd> {
    Err(CallEnd::Limit { limit })
}

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn memory_is_counted_from_its_declaration_to_its_growth() {
    let limits = Limits { memory_bytes: MIB, ..Limits::default() };
    let declares = |pages: u32| around(&format!(r#"(memory {pages}) (func (export "run") (param i32) (result i32) memory.size)"#));
    assert_eq!(run(&declares(16), 0, &limits).await, Ok(16));
    assert_eq!(run(&declares(17), 0, &limits).await, over(Limit::MemoryBytes(MIB)));
    let grows = around(r#"(memory 1) (func (export "run") (param i32) (result i32) local.get 0 memory.grow)"#);
    assert_eq!(run(&grows, 15, &limits).await, Ok(1));
    assert_eq!(run(&grows, 16, &limits).await, over(Limit::MemoryBytes(MIB)));
}

#[tokio::test]
async fn all_memories_count_together() {
    let two = |pages: u32| {
        format!(
            r#"(component
                (core module $a (memory {pages}))
                (core module $b (memory 8) (func (export "run") (param i32) (result i32) memory.size))
                (core instance (instantiate $a))
                (core instance $i (instantiate $b))
                (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))"#
        )
    };
    let limits = Limits { memory_bytes: MIB, ..Limits::default() };
    assert_eq!(run(&two(8), 0, &limits).await, Ok(8));
    assert_eq!(run(&two(9), 0, &limits).await, over(Limit::MemoryBytes(MIB)));
}

#[tokio::test]
async fn a_memorys_own_maximum_is_no_limit_of_ours() {
    let bounded = around(r#"(memory 1 2) (func (export "run") (param i32) (result i32) local.get 0 memory.grow)"#);
    let limits = Limits { memory_bytes: 2 * 65536, ..Limits::default() };
    assert_eq!(run(&bounded, 1, &limits).await, Ok(1));
    assert_eq!(run(&bounded, 2, &Limits::default()).await, Ok(u32::MAX), "the guest is told that it did not grow");
}

#[tokio::test]
async fn tables_are_counted_together() {
    let limits = Limits { table_elements: 100, ..Limits::default() };
    let declares = |first: u32| {
        around(&format!(r#"(table {first} funcref) (table 40 funcref) (func (export "run") (param i32) (result i32) table.size 0)"#))
    };
    assert_eq!(run(&declares(60), 0, &limits).await, Ok(60));
    assert_eq!(run(&declares(61), 0, &limits).await, over(Limit::TableElements(100)));
    let grows = around(r#"(table 10 funcref) (func (export "run") (param i32) (result i32) ref.null func local.get 0 table.grow)"#);
    assert_eq!(run(&grows, 90, &limits).await, Ok(10));
    assert_eq!(run(&grows, 91, &limits).await, over(Limit::TableElements(100)));
}

#[tokio::test]
async fn what_the_engine_has_no_room_for_is_out_of_the_carts_limits_too() {
    let generous = Limits { memory_bytes: u64::MAX, table_elements: u32::MAX, ..Limits::default() };
    let grows = around(r#"(memory 1) (func (export "run") (param i32) (result i32) local.get 0 memory.grow)"#);
    assert_eq!(run(&grows, 8192, &generous).await, over(Limit::MemoryBytes(MEMORY_BYTES_MAX as u64)));
    let grows = around(r#"(table 0 funcref) (func (export "run") (param i32) (result i32) ref.null func local.get 0 table.grow)"#);
    assert_eq!(run(&grows, TABLE_ELEMENTS_MAX as u32, &generous).await, Ok(0));
    assert_eq!(run(&grows, TABLE_ELEMENTS_MAX as u32 + 1, &generous).await, over(Limit::TableElements(TABLE_ELEMENTS_MAX as u32)));
}

#[tokio::test]
async fn recursion_ends_at_the_stack() {
    let recurses = around(RECURSES);
    assert_eq!(run(&recurses, 1_000, &Limits::default()).await, Ok(1_000));
    assert_eq!(run(&recurses, 10_000_000, &Limits::default()).await, over(Limit::StackBytes(STACK_BYTES_MAX as u32)));
}

#[tokio::test]
async fn fuel_is_exact() {
    let counts = around(COUNTS);
    let with = |fuel: u64| Limits { fuel, ..Limits::default() };
    let (mut short, mut enough) = (0, 1_000_000);
    while enough - short > 1 {
        let middle = (short + enough) / 2;
        match run(&counts, 1_000, &with(middle)).await {
            Ok(0) => enough = middle,
            ended => {
                assert_eq!(ended, over(Limit::Fuel(middle)));
                short = middle;
            }
        }
    }
    assert!((1_000..100_000).contains(&enough), "{enough} units for 1000 rounds");
    assert_eq!(run(&counts, 1_000, &with(enough)).await, Ok(0), "the same work costs the same fuel each time");
    assert_eq!(run(&counts, 1_001, &with(enough)).await, over(Limit::Fuel(enough)));
}

#[tokio::test]
async fn processor_time_ends_a_guest_that_never_returns() {
    let limits = Limits { cpu_ms: 50, fuel: u64::MAX, ..Limits::default() };
    let started = std::time::Instant::now();
    assert_eq!(run(&around(SPINS), 0, &limits).await, over(Limit::CpuMs(50)));
    assert!(started.elapsed().as_millis() >= 45, "it had its time");
    assert_eq!(run(&around(COUNTS), 1_000, &Limits { cpu_ms: 50, ..Limits::default() }).await, Ok(0));
}

#[tokio::test]
async fn a_start_function_is_under_the_limits_as_well() {
    let spins = around(r#"(func $spin loop br 0 end) (start $spin) (func (export "run") (param i32) (result i32) i32.const 0)"#);
    let limits = Limits { cpu_ms: 20, fuel: u64::MAX, ..Limits::default() };
    assert_eq!(run(&spins, 0, &limits).await, over(Limit::CpuMs(20)));
    let limits = Limits { fuel: 1_000, ..Limits::default() };
    assert_eq!(run(&spins, 0, &limits).await, over(Limit::Fuel(1_000)));
}

#[tokio::test]
async fn bytes_handed_to_the_host_are_counted_a_call() {
    let gives = giving(
        r#"(func (export "run") (param i32) (result i32) i32.const 0 local.get 0 call $give i32.const 0 local.get 0 call $give i32.const 7)"#,
    );
    let limits = Limits { host_call_bytes: 1_000, ..Limits::default() };
    assert_eq!(run(&gives, 1_000, &limits).await, Ok(7), "each call has its own");
    assert_eq!(run(&gives, 1_001, &limits).await, over(Limit::HostCallBytes(1_000)));
}

#[tokio::test]
async fn handles_are_counted_while_they_live() {
    let makes = |body: &str| {
        format!(
            r#"(component
                (type $r (resource (rep i32)))
                (core func $new (canon resource.new $r))
                (core func $drop (canon resource.drop $r))
                (core module $m
                    (import "" "new" (func $new (param i32) (result i32)))
                    (import "" "drop" (func $drop (param i32)))
                    (func (export "run") (param i32) (result i32)
                        loop {body} local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end i32.const 0))
                (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
                (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))"#
        )
    };
    let limits = Limits { handles: 10, ..Limits::default() };
    assert_eq!(run(&makes("i32.const 1 call $new drop"), 10, &limits).await, Ok(0));
    assert_eq!(run(&makes("i32.const 1 call $new drop"), 11, &limits).await, over(Limit::Handles(10)));
    assert_eq!(run(&makes("i32.const 1 call $new call $drop"), 1_000, &limits).await, Ok(0), "a handle that is dropped counts no more");
}

#[tokio::test]
async fn a_trap_names_the_guests_functions_and_nothing_of_the_host() {
    let traps = around(
        r#"(func $inner (param i32) (result i32) i32.const 1 local.get 0 i32.div_u)
           (func $outer (export "run") (param i32) (result i32) local.get 0 call $inner)"#,
    );
    let expected = CallEnd::Trap { reason: "integer divide by zero in inner < outer".to_owned() };
    assert_eq!(run(&traps, 0, &Limits::default()).await, Err(expected));
    for (code, reason) in [
        ("unreachable", "wasm `unreachable` instruction executed in run"),
        ("i32.const -1 i32.load drop", "out of bounds memory access in run"),
        ("i32.const 5 call_indirect", "undefined element: out of bounds table access in run"),
        ("i32.const 0 call_indirect", "uninitialized element in run"),
    ] {
        let module = format!(r#"(memory 1) (table 1 funcref) (func $run (export "run") (param i32) (result i32) {code} i32.const 0)"#);
        assert_eq!(run(&around(&module), 0, &Limits::default()).await, Err(CallEnd::Trap { reason: reason.to_owned() }), "{code}");
    }
}

#[tokio::test]
async fn a_function_name_that_the_guest_chose_is_cut_and_plain() {
    let name = format!("evil\\u{{1b}}[31m\\u{{202e}}{}", "x".repeat(200));
    let module = format!(r#"(func $run (@name "{name}") (export "run") (param i32) (result i32) unreachable)"#);
    let Err(CallEnd::Trap { reason }) = run(&around(&module), 0, &Limits::default()).await else { panic!("it traps") };
    assert!(reason.contains(" in evil?[31m?xxx") && reason.ends_with("x..."), "{reason}");
    assert!(reason.len() < 200, "{reason}");
}

#[tokio::test]
async fn a_rust_functions_name_is_shown_as_its_path() {
    for (name, path) in [
        ("_RNvNtNtCs1234_7mycrate3foo3bar3baz", "mycrate::foo::bar::baz"),
        ("_ZN4core9panicking5panic17h0123456789abcdefE", "core::panicking::panic"),
        ("_RNvC", "_RNvC"),
    ] {
        let module = format!(r#"(func $run (@name "{name}") (export "run") (param i32) (result i32) unreachable)"#);
        let Err(CallEnd::Trap { reason }) = run(&around(&module), 0, &Limits::default()).await else { panic!("it traps") };
        assert_eq!(reason, format!("wasm `unreachable` instruction executed in {path}"));
    }
}

#[tokio::test]
async fn what_breaks_the_canonical_abi_is_a_trap() {
    let gives = giving(r#"(func (export "run") (param i32) (result i32) i32.const 0x7fffffff local.get 0 call $give i32.const 7)"#);
    let ended = run(&gives, 100, &Limits::default()).await;
    assert!(matches!(&ended, Err(CallEnd::Trap { reason }) if reason.contains("out of bounds")), "{ended:?}");
}

#[test]
fn what_the_machine_could_not_give_is_the_host_s_fault_and_no_trap() {
    let budget = Budget::new(&Limits::default());
    for errno in [rustix::io::Errno::NOMEM, rustix::io::Errno::MFILE, rustix::io::Errno::AGAIN] {
        let os = || std::io::Error::from_raw_os_error(errno.raw_os_error());
        for error in [Error::from(os()), Error::from(os()).context("cannot make the image of a memory"), Error::from(errno)] {
            let ended = budget.ended(&error, None);
            assert!(matches!(&ended, CallEnd::Host { .. }), "{ended:?}");
        }
    }
    let of_the_guest = budget.ended(&Error::msg("a list of the guest's is out of bounds"), None);
    assert!(matches!(of_the_guest, CallEnd::Trap { .. }), "{of_the_guest:?}");
}
