//! The engine: one set of settings for compiling guests and for running them, each with its reason.

use std::num::NonZeroUsize;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

/// The stack of a guest, in bytes.
pub(super) const STACK_BYTES_MAX: usize = 512 << 10;
/// The whole stack of a call, in bytes: the guest's, and the host's frames below its requests.
const FIBER_BYTES: usize = 2 << 20;
/// The largest memory, in bytes, whatever a cart's limit says. The pool reserves address space for it, not memory.
pub(super) const MEMORY_BYTES_MAX: usize = 512 << 20;
/// The most elements of one table, whatever a cart's limit says.
pub(super) const TABLE_ELEMENTS_MAX: usize = 64 << 10;
/// The most memories of one component. A plugin has one; interpreters bring adapters with memories of their own.
const MEMORIES_MAX: u32 = 4;
/// The most tables of one component.
const TABLES_MAX: u32 = 32;
/// The most core instances of one component.
const CORE_INSTANCES_MAX: u32 = 64;
/// The most bytes of wasmtime's own data for one core instance, and for one component's instances together.
const INSTANCE_BYTES_MAX: usize = 1 << 20;
/// The bytes of each memory and table that a slot of the pool keeps when its call is over.
const KEEP_RESIDENT_BYTES: usize = 64 << 10;
/// The bytes of each stack that a slot keeps. They are zeroed whether or not a call used them, and a usual call uses fewer.
const STACK_KEEP_RESIDENT_BYTES: usize = 16 << 10;
/// The most guest functions that a trap's reason names.
pub(super) const BACKTRACE_FRAMES_MAX: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not zero");

/// The engine, with room for this many concurrent calls.
pub(super) fn engine(live_calls: u32) -> Result<Engine> {
    let mut config = Config::new();
    config
        .epoch_interruption(true) // Processor time, and a turn for others each tick.
        .consume_fuel(true) // The deterministic budget.
        .concurrency_support(false) // Calls are synchronous to the guest; without it a call costs a tenth less.
        .max_wasm_stack(STACK_BYTES_MAX)
        .async_stack_size(FIBER_BYTES)
        .async_stack_zeroing(true) // A slot's stack tells the next guest nothing.
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES_MAX))
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(live_calls)));
    // The same input and answers give the same call, on every machine.
    config.cranelift_nan_canonicalization(true).wasm_relaxed_simd(false);
    // The engine's own adapters between the modules of a component copy from one memory to another. A plugin's modules have one each (`admit`).
    config.wasm_multi_memory(true);
    // What no plugin needs: each switch removes compiler and runtime code from an attacker's reach.
    config
        .wasm_threads(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_stack_switching(false);
    Engine::new(&config)
}

/// The address space for `live_calls` calls, each with the most that a component may have, so that a call with a slot always finds room.
fn pool(live_calls: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(live_calls)
        .total_core_instances(live_calls.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(live_calls.saturating_mul(MEMORIES_MAX))
        .total_tables(live_calls.saturating_mul(TABLES_MAX))
        .total_stacks(live_calls)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .async_stack_keep_resident(STACK_KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto); // Resets a slot by what was touched, where the kernel can tell.
    pool
}
