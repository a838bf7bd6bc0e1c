//! The same component in bare wasmtime: the same engine settings and guards, without the host's code.

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline,
};

mod wit {
    #![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated from the WIT files, which document it")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
    });
}

pub(crate) use wit::cartage::plugin::{delivery, http, log, orders, signing};

/// The data of a store: the limits, and the answer to every request.
struct State {
    limits: StoreLimits,
}

/// The component, compiled and linked once.
pub(crate) struct Bare {
    engine: Engine,
    plugin: wit::PluginPre<State>,
}

impl Bare {
    pub(crate) fn new(bytes: &[u8]) -> Bare {
        let engine = Engine::new(&config()).expect("the host's own settings work here too");
        let weak = engine.weak();
        std::thread::spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let component = Component::from_binary(&engine, bytes).expect("the plugin is a component");
        let mut linker = Linker::new(&engine);
        wit::Plugin::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).expect("each interface is added once");
        let plugin = wit::PluginPre::new(linker.instantiate_pre(&component).expect("the imports are ours")).expect("the exports are ours");
        Bare { engine, plugin }
    }

    /// Makes a fresh store and instance, makes one call, and drops both.
    pub(crate) async fn call(&self, update: &orders::Update, delivery: &delivery::Delivery, context: &delivery::Context) {
        let limits = StoreLimitsBuilder::new().memory_size(64 << 20).table_elements(20_000).trap_on_grow_failure(true).build();
        let mut store = Store::new(&self.engine, State { limits });
        store.limiter(|state| &mut state.limits);
        store.set_fuel(1_000_000_000).expect("fuel is on");
        store.set_hostcall_fuel(4 << 20);
        store.set_max_component_handles(1_000);
        let mut ticks = 0;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            ticks += 1;
            Ok(if ticks > 500 { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        let plugin = self.plugin.instantiate_async(&mut store).await.expect("there is room");
        let applied = plugin.call_send_order_status(&mut store, update, delivery, context).await.expect("the plugin returns");
        applied.expect("the answer means that the cart has it");
    }
}

/// The configuration of the host's `plugin/compile.rs`.
fn config() -> Config {
    const LIVE_CALLS: u32 = 256;
    const KEEP_RESIDENT_BYTES: usize = 64 << 10;
    const STACK_KEEP_RESIDENT_BYTES: usize = 16 << 10;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(LIVE_CALLS)
        .total_core_instances(LIVE_CALLS * 64)
        .total_memories(LIVE_CALLS * 4)
        .total_tables(LIVE_CALLS * 32)
        .total_stacks(LIVE_CALLS)
        .max_memory_size(512 << 20)
        .table_elements(64 << 10)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .async_stack_keep_resident(STACK_KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(true)
        .concurrency_support(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .async_stack_zeroing(true)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

impl http::Host for State {
    async fn send(&mut self, _request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let headers = vec![http::ResponseHeader { name: "content-type".to_owned(), value: "text/plain".to_owned() }];
        Ok(Ok(http::Response { status: 200, headers, body: cartage_tests::shop::ANSWER.to_vec(), extra: Vec::new() }))
    }
}

impl signing::Host for State {
    async fn mac(
        &mut self,
        _slot: String,
        _algorithm: signing::Algorithm,
        _message: Vec<http::Part>,
    ) -> wasmtime::Result<Result<Vec<u8>, signing::Error>> {
        Ok(Ok(Vec::new()))
    }

    async fn digest(
        &mut self,
        _algorithm: signing::Algorithm,
        _message: Vec<http::Part>,
    ) -> wasmtime::Result<Result<Vec<u8>, signing::Error>> {
        Ok(Ok(Vec::new()))
    }
}

impl log::Host for State {
    async fn log(&mut self, _level: log::Level, _message: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl wit::cartage::plugin::growth::Host for State {}
impl wit::cartage::plugin::orders::Host for State {}
impl wit::cartage::plugin::delivery::Host for State {}
impl wit::cartage::plugin::manifest::Host for State {}
