//! The text about a trap: first the message of the panic that led to it, if the guest logged one, then the guest's functions by readable
//! names.
//!
//! A panic in Rust logs its message and then executes `unreachable`. That instruction and the functions of the panic itself say nothing to the person who
//! wrote the plugin, so the report of a panic leaves them out.

use std::fmt::Write as _;
use wasmtime::{Error, Trap, WasmBacktrace};

/// The longest name of a guest function in a trap's reason, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// The longest compiler's name that is turned into a path, in bytes. A short one can stand for a very long path.
const MANGLED_BYTES_MAX: usize = 1 << 10;
/// The longest message of a panic in a trap's reason, in bytes.
const PANIC_BYTES_MAX: usize = 1 << 10;
/// The beginning of a panic's log line, in plugins that the SDK builds.
const PANIC: &str = "panicked";
/// The crates whose functions carry out a panic.
const PANICKING: [&str; 6] = ["core", "std", "alloc", "panic_abort", "__rustc", "rust_begin_unwind"];

/// The message of a panic, if this log line is one; `None` otherwise.
pub(super) fn panic_of(line: &str) -> Option<String> {
    line.starts_with(PANIC).then(|| line[..line.floor_char_boundary(PANIC_BYTES_MAX)].to_owned())
}

/// What went wrong in the guest, and the guest's functions that led there, innermost first. `panic` is the last panic message that the
/// guest logged.
pub(super) fn reason(error: &Error, panic: Option<&str>) -> String {
    let trap = error.downcast_ref::<Trap>();
    let panic = panic.filter(|_| trap == Some(&Trap::UnreachableCodeReached));
    let mut reason = String::new();
    match (panic, trap) {
        (Some(panic), _) => push_plain(&mut reason, &panic.split_whitespace().collect::<Vec<_>>().join(" "), PANIC_BYTES_MAX),
        (None, Some(trap)) => reason.push_str(trap.to_string().trim_start_matches("wasm trap: ")),
        (None, None) => reason = error.root_cause().to_string(),
    }
    let names: Vec<String> = error
        .downcast_ref::<WasmBacktrace>()
        .map_or(&[][..], WasmBacktrace::frames)
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => path_of(name),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    let first = if panic.is_some() { names.iter().position(|name| !is_panicking(name)).unwrap_or(0) } else { 0 };
    let first_joint = if panic.is_some() { "; in " } else { " in " };
    for (name, joint) in names[first..].iter().zip(std::iter::once(first_joint).chain(std::iter::repeat(" < "))) {
        reason.push_str(joint);
        push_plain(&mut reason, name, NAME_BYTES_MAX);
    }
    reason
}

/// The path that a Rust compiler's name stands for; any other name unchanged.
fn path_of(name: &str) -> String {
    if name.len() > MANGLED_BYTES_MAX {
        return name.to_owned();
    }
    let mut path = String::new();
    match write!(path, "{:#}", rustc_demangle::demangle(name)) {
        Ok(()) => path,
        Err(_) => name.to_owned(),
    }
}

fn is_panicking(path: &str) -> bool {
    let root = path.trim_start_matches(['<', '&']).split("::").next().unwrap_or_default();
    let root = root.split('[').next().unwrap_or_default();
    PANICKING.contains(&root)
}

/// Appends text that the guest chose: cut, and with plain characters only.
fn push_plain(reason: &mut String, text: &str, bytes_max: usize) {
    let cut = text.floor_char_boundary(bytes_max);
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric();
    reason.extend(text[..cut].chars().map(|c| if is_plain(c) { c } else { '?' }));
    if cut < text.len() {
        reason.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trapped(trap: Trap) -> Error {
        Error::new(trap)
    }

    #[test]
    fn a_panics_message_stands_first_and_alone() {
        let panic = "panicked at src/lib.rs:7: order 1021\nis \u{1b}[31mred";
        assert_eq!(reason(&trapped(Trap::UnreachableCodeReached), Some(panic)), "panicked at src/lib.rs:7: order 1021 is ?[31mred");
        assert_eq!(reason(&trapped(Trap::IntegerDivisionByZero), Some(panic)), "integer divide by zero", "that is no panic");
        assert_eq!(reason(&trapped(Trap::UnreachableCodeReached), None), "wasm `unreachable` instruction executed");
    }

    #[test]
    fn only_the_line_of_a_panic_is_kept_and_only_its_start() {
        assert_eq!(panic_of("panicked at a.rs:1: x").as_deref(), Some("panicked at a.rs:1: x"));
        assert_eq!(panic_of("nobody panicked"), None);
        let long = format!("panicked: {}", "é".repeat(PANIC_BYTES_MAX));
        assert!(panic_of(&long).is_some_and(|kept| kept.len() <= PANIC_BYTES_MAX));
    }

    #[test]
    fn the_functions_of_the_panic_itself_are_known() {
        for name in [
            "core::panicking::panic_fmt",
            "<std::panicking::Payload as core::fmt::Display>::fmt",
            "__rustc::rust_panic",
            "std::process::abort",
        ] {
            assert!(is_panicking(name), "{name}");
        }
        for name in ["panics::run", "<panics::Guest as cartage_sdk::Plugin>::send_order_status", "coreless::a", "function 7", ""] {
            assert!(!is_panicking(name), "{name}");
        }
    }
}
