//! The log on standard error: text for people, or one JSON object a line for programs. docs/logs.md lists the fields.
//!
//! A line in JSON holds `at_unix_ms`, `level`, `target` and `message`, then the fields of the surrounding spans from the outermost inwards, then the event's
//! own fields. A name that occurs twice is written once, with the innermost value.

use super::Failure;
use cartage::clock::{Clock as _, SystemClock};
use cartage::visible;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt as text};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The level of the log unless `CARTAGE_LOG` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usual {
    /// Warnings and errors, but for those that the command prints as its own: why the API could not answer it.
    Warnings,
    /// One line for each decision and attempt as well: the daemon's log is the record of its work.
    Work,
}

/// Starts the log of this process.
pub(super) fn start(format: Format, usual: Usual, colours: bool) -> Result<(), Failure> {
    let filter = match std::env::var("CARTAGE_LOG") {
        Ok(text) => EnvFilter::try_new(&text).map_err(|error| {
            Failure::wrong_use(format!("CARTAGE_LOG is {text:?}, which is no log filter: {error}"))
                .what_to_do("set it to a level (error, warn, info, debug, trace) or to a list such as cartage_egress=debug,warn")
        })?,
        Err(_) => EnvFilter::new(match usual {
            Usual::Warnings => "warn,cartage_http::api::errors=off",
            Usual::Work => "warn,cartage=info",
        }),
    };
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        Format::Text => {
            registry.with(text::layer().fmt_fields(fields()).with_writer(std::io::stderr).with_ansi(colours)).init();
        }
        Format::Json => {
            IS_JSON.store(true, Ordering::Relaxed);
            registry.with(Json { put: write }).init();
            std::panic::set_hook(Box::new(|panic| {
                let place = panic.location().map(ToString::to_string).unwrap_or_default();
                let what = panic.payload_as_str().unwrap_or("a panic without a text");
                tracing::error!(target: "cartage::panic", place, what, "the program panicked");
            }));
        }
    }
    Ok(())
}

/// Whether this process logs JSON, in which case its other text on standard error is JSON as well.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Formats other text for standard error: unchanged, or as one JSON object a line if the log is JSON.
pub(super) fn talk(text: &str) -> Cow<'_, str> {
    if is_json() { as_object(text).into() } else { Cow::Borrowed(text) }
}

/// Formats a text of several lines as one line of a JSON log.
fn as_object(text: &str) -> String {
    let line = serde_json::json!({
        "at_unix_ms": SystemClock.now_unix_ms(), "level": "info", "target": "cartage::talk", "message": text.trim_end(),
    });
    format!("{}\n", visible::json(&line.to_string()))
}

/// Whether this process logs JSON.
pub(super) fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Formats the fields of a text line: each value in one line, with hidden characters made visible.
fn fields() -> impl for<'w> FormatFields<'w> + 'static {
    text::format::debug_fn(|writer, field, value| {
        let value = visible::line(&format!("{value:?}"));
        match field.name() {
            "message" => write!(writer, "{value}"),
            name => write!(writer, "{name}={value}"),
        }
    })
    .delimited(" ")
}

/// Writes a whole line at once, so that lines of several threads do not mix.
fn write(line: String) {
    use std::io::Write as _;
    // If the stream is closed, nobody reads the log.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// Formats events as JSON.
struct Json {
    put: fn(String),
}

/// The fields of a span or an event, by name.
#[derive(Debug, Default, Clone)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, cartage::causes::chain(value).into());
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Json {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let mut line = Map::new();
        let metadata = event.metadata();
        line.insert("at_unix_ms".to_owned(), SystemClock.now_unix_ms().into());
        line.insert("level".to_owned(), metadata.level().as_str().to_ascii_lowercase().into());
        line.insert("target".to_owned(), metadata.target().into());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.extend(fields.0.clone());
            }
        }
        line.extend(own.0);
        (self.put)(format!("{}\n", visible::json(&Value::Object(line).to_string())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    #[derive(Clone, Default)]
    struct Written(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics while it holds this").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A text with which a plugin, a cart or a sender might forge a log line.
    const FORGED: &str = "x\n2026-11-23T14:05:06Z ERROR forged\r\u{1b}[2K\u{9b}\u{202e}\u{2028}\u{200b}";

    #[test]
    fn a_text_of_others_forges_no_line_for_people() {
        let written = Written::default();
        let target = written.clone();
        let layer = text::layer().fmt_fields(fields()).with_ansi(false).with_writer(move || target.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("attempt", order = FORGED, label = %FORGED);
            let _entered = span.enter();
            tracing::warn!(cart = %FORGED, error = FORGED, debug = ?FORGED, "it said {FORGED}");
        });
        let bytes = written.0.lock().expect("no test panics while it holds this").clone();
        let log = String::from_utf8(bytes).expect("it is text");
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(!log.trim_end().contains(visible::is_hidden), "{log:?}");
        assert!(log.contains("it said x") && log.contains("cart=x"), "{log}");
    }

    #[test]
    fn what_is_said_beside_the_log_is_one_object() {
        let line = as_object(&format!("error: {FORGED}\n  because: more\n"));
        assert!(line.lines().count() == 1 && !line.trim_end().contains(visible::is_hidden), "{line:?}");
        let line: Value = serde_json::from_str(&line).expect("it is JSON");
        assert!(line["message"].as_str().is_some_and(|message| message.ends_with("because: more")), "{line}");
    }

    #[test]
    fn a_line_is_one_object_with_the_fields_of_its_spans() {
        let subscriber = tracing_subscriber::registry().with(Json { put: |line| LINES.with_borrow_mut(|lines| lines.push(line)) });
        tracing::subscriber::with_default(subscriber, || {
            let outer = tracing::info_span!("request", trace_id = "0af7", n = 1_u64, late = tracing::field::Empty);
            let _outer = outer.enter();
            outer.record("late", true);
            let inner = tracing::info_span!("attempt", n = 2_u64);
            let _inner = inner.enter();
            let error = Failure::wrong_use("a \"reason\"\nof two lines");
            tracing::warn!(cart = %"shop", error = error.text(), number = -1_i64, "something happened");
        });
        let lines = LINES.take();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let line: Value = serde_json::from_str(line).expect("it is JSON");
        assert!(line["at_unix_ms"].as_u64().is_some_and(|at| at > 1_700_000_000_000), "{line}");
        for (name, value) in [
            ("level", Value::from("warn")),
            ("message", "something happened".into()),
            ("trace_id", "0af7".into()),
            ("n", 2.into()),
            ("late", true.into()),
            ("cart", "shop".into()),
            ("number", (-1).into()),
            ("error", "a \"reason\"\nof two lines".into()),
        ] {
            assert_eq!(line[name], value, "{name}: {line}");
        }
    }
}
