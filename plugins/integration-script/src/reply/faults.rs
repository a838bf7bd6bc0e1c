//! Temporary faults of the shop: a database that refuses connections, a locked row, an overloaded server.
//!
//! Scripts report them as refusals, with HTTP status 200, in the words of whichever library failed. A database's error counts as temporary
//! unless it is about the data: SQLSTATE classes 22 and 23, syntax, and unknown columns, which a text in the place of a number causes.

use super::known::follow;

/// The kind of a temporary fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// One order's row is locked, or another transaction won.
    OrderBusy,
    /// The shop is out of service.
    Unavailable,
    /// The shop received too many requests.
    RateLimited,
}

/// Another transaction or person is using the order.
const BUSY: &[&str] = &[
    "lock wait timeout",
    "restarting transaction",
    "deadlock",
    "could not obtain lock",
    "lock not available",
    "lock timeout",
    "lock request time out",
    "could not serialize",
    "serialization failure",
    "database is locked",
    "table is locked",
    "row is locked",
    "record is locked",
    "order is locked",
    "currently locked",
    "locked by",
    "sqlite_busy",
    "ora-00054",
    "ora-00060",
    "ora-30006",
    "er_lock_",
    "optimistic lock",
    "optimisticlock",
    "staleobject",
    "updated or deleted by another transaction",
    "concurrency",
    "concurrent update",
    "concurrent modification",
    "write conflict",
    "writeconflict",
    "currently being edited",
    "is being edited",
    "is being modified",
    "is being processed",
];

/// Words that only software in trouble writes.
const BROKEN: &[&str] = &[
    // Connections that failed.
    "connection refused",
    "actively refused",
    "connection reset",
    "connection lost",
    "lost connection",
    "connection was lost",
    "connection closed",
    "closed the connection",
    "connection was killed",
    "connection failed",
    "connection failure",
    "connection error",
    "connection is not available",
    "terminating connection",
    "can't connect",
    "cannot connect",
    "can not connect",
    "couldn't connect",
    "could not connect",
    "unable to connect",
    "failed to connect",
    "error connecting",
    "connect failed",
    "link failure",
    "gone away",
    "broken pipe",
    "no route to host",
    "host is down",
    "network is unreachable",
    "network-related",
    "name or service not known",
    "name resolution",
    "translate host name",
    "getaddrinfo",
    "econnrefused",
    "econnreset",
    "ehostunreach",
    "enotfound",
    "etimedout",
    "eai_again",
    "eof detected",
    // Timeouts.
    "timeout",
    "time-out",
    "timed out",
    "maximum execution time",
    // Resources that ran out.
    "too many connections",
    "too many clients",
    "too many open files",
    "connection slots",
    "database connection",
    "max_user_connections",
    "max_questions",
    "max_connections",
    "connection pool",
    "pool exhausted",
    "max pool size",
    "out of memory",
    "memory exhausted",
    "allowed memory size",
    "no space left",
    "disk full",
    "disk quota",
    "resource temporarily unavailable",
    "insufficient resources",
    // The database's log-in, not the plugin's.
    "access denied for user",
    "(using password",
    "password authentication failed for user",
    "pg_hba",
    "login failed for user '",
    "cannot open database",
    "unknown database",
    // The state of a database server.
    "starting up",
    "shutting down",
    "shutdown in progress",
    "in recovery mode",
    "read-only transaction",
    "--read-only",
    "read only mode",
    "not primary",
    "not master",
    "server selection",
    "marked as crashed",
    "80004005",
    "80040e31",
];

/// Words for too many requests.
const LIMITED: &[&str] = &["too many requests", "rate limit", "rate-limit", "request limit", "throttl", "slow down"];

/// Words of a database about faults in the data that it was given.
const DATA: &[&str] = &[
    "duplicate entry",
    "duplicate key",
    "data too long",
    "value too long",
    "value too large",
    "data truncated",
    "would be truncated",
    "incorrect string value",
    "out of range",
    "cannot be null",
    "can't be null",
    "not-null constraint",
    "foreign key constraint",
    "unique constraint",
    "check constraint",
    "violates",
    "sql syntax",
    "syntax error",
    "incorrect syntax",
    "unclosed quotation",
    "unknown column",
    "invalid column",
    "no such column",
    "invalid input syntax",
    "conversion failed",
    "ora-00001",
    "ora-00904",
    "ora-01400",
    "ora-01438",
    "ora-01722",
    "ora-12899",
    "80040e14",
    "80040e2f",
    "80040e57",
];

/// Words that occur only in the errors of a database or of another service behind a shop.
const BACKEND: &[&str] = &[
    "sqlstate",
    "database",
    "datenbank",
    "base de donn",
    "base de datos",
    "banco de dados",
    "mysql",
    "mysqli",
    "mariadb",
    "postgres",
    "psycopg",
    "pg::",
    "pdoexception",
    "pdostatement",
    "sqlexception",
    "sqlclient",
    "sql server",
    "sqlalchemy",
    "sqlite",
    "jdbc",
    "odbc",
    "ole db",
    "oledb",
    "ora-",
    "dbd::",
    "dbi connect",
    "dbal",
    "doctrine",
    "hibernate",
    "activerecord",
    "operationalerror",
    "queryexception",
    "db error",
    "db connection",
    "mongo",
    "redis",
    "memcache",
    "elasticsearch",
    "curl error",
    "hikaripool",
];

/// A person's words for a temporary fault.
const SOON: &[&str] = &[
    "try again",
    "try later",
    "retry",
    "temporar",
    "maintenance",
    "wartung",
    "overload",
    "server is busy",
    "server busy",
    "too busy",
    "service unavailable",
    "server unavailable",
    "service is down",
    "internal server error",
    "bad gateway",
    "zu viele verbindungen",
    "trop de connexions",
    "demasiadas conexiones",
    "troppe connessioni",
];

/// A temporary fault that is the only reading of the text. The text must be in lower case.
pub(super) fn certain(text: &str) -> Option<Fault> {
    let state = sql_state(text);
    let (class, number) = state.map_or(("", ""), |(state, number)| (&state[..2], number));
    let is_busy = class == "40" || state.is_some_and(|(state, _)| state == "55p03") || matches!(number, "1205" | "1213" | "3572");
    let is_broken = matches!(class, "08" | "53" | "57" | "58")
        || matches!(number, "1040" | "1045" | "1203" | "1226" | "2002" | "2003" | "2006" | "2013");
    if is_busy || any(text, BUSY) {
        Some(Fault::OrderBusy)
    } else if any(text, LIMITED) {
        Some(Fault::RateLimited)
    } else if is_broken || any(text, BROKEN) {
        Some(Fault::Unavailable)
    } else {
        None
    }
}

/// The error of a database, or of another service behind the shop: a temporary fault, unless it is about the data. `None` if the text is no such error.
pub(super) fn of_backend(text: &str) -> Option<Result<Fault, AboutData>> {
    if !any(text, BACKEND) {
        return None;
    }
    let class = sql_state(text).map_or("", |(state, _)| &state[..2]);
    Some(if matches!(class, "21" | "22" | "23") || any(text, DATA) { Err(AboutData) } else { Ok(Fault::Unavailable) })
}

/// The database refused the data that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AboutData;

/// Whether a reason says that the order will accept the update later.
pub(super) fn is_not_yet(text: &str) -> bool {
    any(text, &["not yet", "at this moment", "at the moment"]) || follow(text, &["not ", " yet"])
}

/// Whether a person's words say that the shop is temporarily out of service.
pub(super) fn is_soon_over(text: &str) -> bool {
    any(text, SOON)
}

fn any(text: &str, pieces: &[&str]) -> bool {
    pieces.iter().any(|piece| text.contains(piece))
}

/// An SQLSTATE, which has five characters, and the database's own error number after it.
fn sql_state(text: &str) -> Option<(&str, &str)> {
    let after = text
        .split_once("sqlstate")
        .or_else(|| text.split_once("sql state"))
        .map(|(_, after)| after.trim_start_matches([' ', '[', '(', '=', ':', '\'', '"']));
    // mysqli writes `(HY000/2002)` without the word SQLSTATE.
    let after = after.or_else(|| text.find("(hy000/").map(|at| &text[at + 1..]))?;
    let (state, rest) = after.split_at_checked(5).filter(|(state, _)| state.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    Some((state, &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_is_about_the_data() {
        use Fault::{OrderBusy, Unavailable};
        for (text, fault) in [
            ("sqlstate[hy000]: general error: 1205 lock wait timeout exceeded; try restarting transaction", Some(OrderBusy)),
            ("sqlstate[hy000]: general error: 1205 beim warten auf eine sperre", Some(OrderBusy)),
            ("sqlstate[40001]: serialization failure: 1213 deadlock found", Some(OrderBusy)),
            ("transaction (process id 52) was deadlocked on lock resources", Some(OrderBusy)),
            ("sqlstate[08004] [1040] too many connections", Some(Unavailable)),
            ("sqlstate[hy000] [2002] verbindungsaufbau abgelehnt", Some(Unavailable)),
            ("mysqli_connect(): (hy000/1045): access denied for user 'shop'@'localhost' (using password: yes)", Some(Unavailable)),
            ("too many requests", Some(Fault::RateLimited)),
            ("order 1205 was not found", None),
            ("sqlstate[22001]: string data, right truncated: 1406 data too long for column 'status'", None),
        ] {
            assert_eq!(certain(text), fault, "{text}");
        }
        for (text, fault) in [
            ("sqlstate[42s02]: base table or view not found", Some(Ok(Unavailable))),
            ("sqlstate[23000]: integrity constraint violation", Some(Err(AboutData))),
            ("mysql: unknown column 'a' in 'where clause'", Some(Err(AboutData))),
            ("error executing database query.", Some(Ok(Unavailable))),
            ("the warehouse is closed", None),
        ] {
            assert_eq!(of_backend(text), fault, "{text}");
        }
    }

    #[test]
    fn a_state_is_read_with_its_number() {
        assert_eq!(sql_state("sqlstate[hy000] [2002] x"), Some(("hy000", "2002")));
        assert_eq!(sql_state("sqlstate=40001, errno"), Some(("40001", "")));
        assert_eq!(sql_state("(hy000/1040): x"), Some(("hy000", "1040")));
        assert_eq!(sql_state("sqlstate: é"), None);
        assert_eq!(sql_state("sqlstate[hy"), None);
        assert_eq!(sql_state("nothing"), None);
    }

    #[test]
    fn not_yet_is_of_the_order_and_later_of_the_shop() {
        assert!(is_not_yet("payment for order 1021 is not authorized yet"));
        assert!(!is_not_yet("the customer has no login"));
        assert!(is_soon_over("please try again later"));
        assert!(!is_soon_over("the customer has no login"));
    }
}
