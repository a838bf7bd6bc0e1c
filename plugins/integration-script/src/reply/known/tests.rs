use super::*;

const BUSY: Option<Meaning> = Some(Meaning::Fault(Fault::OrderBusy));
const DOWN: Option<Meaning> = Some(Meaning::Fault(Fault::Unavailable));

fn of(text: &str, of_function: bool) -> Option<Meaning> {
    meaning(&Reason { text, order_number: "1021", of_function })
}

fn refusal(text: &str) -> Option<Meaning> {
    of(text, true)
}

fn error(text: &str) -> Option<Meaning> {
    of(text, false)
}

#[test]
fn a_fault_that_passes_is_no_word_about_credentials_or_the_order() {
    for (text, expected) in [
        (
            "Couldn't open store connection. Please check your username, password and store code. (Details: PDOException: SQLSTATE[HY000] [2002] \
             Connection refused",
            DOWN,
        ),
        ("Couldn't open store connection. Please check your username, password and store code", DOWN),
        ("Couldn't open store connection. (Details: Mage_Core_Model_Store_Exception", Some(Meaning::Credentials)),
        ("SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded; try restarting transaction", BUSY),
        ("SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock", BUSY),
        ("SQLSTATE[08004] [1040] Too many connections", DOWN),
        ("SQLSTATE[HY000]: General error: 2006 MySQL server has gone away", DOWN),
        ("Timeout expired. The timeout period elapsed prior to completion of the operation", DOWN),
        ("1040: Too many connections (Username=shop)", DOWN),
        ("Query failed (Username=shop)", None),
        ("mysqli_real_connect(): (HY000/1045): Access denied for user 'shop'@'localhost' (using password: YES)", DOWN),
        ("FATAL: password authentication failed for user \"shop\"", DOWN),
        ("org.postgresql.util.PSQLException: FATAL: sorry, too many clients already", DOWN),
        ("pymysql.err.OperationalError: (2013, 'Lost connection to MySQL server during query')", DOWN),
        ("Mysql2::Error::ConnectionError: Can't connect to local MySQL server through socket", DOWN),
        ("connect ECONNREFUSED 127.0.0.1:3306", DOWN),
        ("ORA-01017: invalid username/password; logon denied", DOWN),
        ("ORA-00060: deadlock detected while waiting for resource", BUSY),
        ("[Microsoft][ODBC SQL Server Driver]Login failed for user 'shop'.", DOWN),
        ("Transaction (Process ID 52) was deadlocked on lock resources with another process", BUSY),
        ("database is locked", BUSY),
        ("Die Datenbank ist nicht erreichbar", DOWN),
        ("The shop is being updated, please try again later", DOWN),
        ("Could not find order 1021: MySQL server has gone away", DOWN),
        ("Rate limit exceeded", Some(Meaning::Fault(Fault::RateLimited))),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn what_is_about_one_order_is_no_word_about_the_log_in() {
    for (text, expected) in [
        ("Payment for order 1021 is not authorized yet", BUSY),
        ("Payment for order 1021 is not authorized", None),
        ("Order 1021: the customer has no login", None),
        ("customer has no login", None),
        ("The customer's password is expired", None),
        ("1021: login required for this shipment", None),
        ("Credit card authentication failed", None),
        ("Status \"Password reset failed\" cannot be set here", None),
        ("Order is currently locked by admin", BUSY),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn the_log_in_is_known_by_scripts_words() {
    for text in [
        "Access denied. Please check your login and store code (if provided).",
        "User Not Found",
        "User does not have access to order updates",
        "Unexpected error, can't continue!\nDetails:\nThis account is inactive.",
        "Invalid username or password",
        "access denied: check user name, password and store code in the Order Manager's cart definition",
        "Login failed for \"oms\"",
        "Unauthorized",
        "Wrong store code",
        "Your credentials were not recognised",
    ] {
        assert_eq!(error(text), Some(Meaning::Credentials), "{text}");
    }
    assert_eq!(refusal("Invalid username or password"), Some(Meaning::Credentials));
    assert_eq!(refusal("Login of this shop is disabled"), None, "not said by a function that runs after the log-in");
}

#[test]
fn the_hosts_placeholder_is_no_word_of_the_cart() {
    assert_eq!(error("The value [account.password] is invalid here"), None);
    assert_eq!(normal("a [account.password] b [account.code"), "a b code");
}

#[test]
fn an_order_is_not_found_and_nothing_else_is() {
    for text in [
        "Order 1021 could not be found",
        "Order number 1021 was not found. in /shop/functions.php:12",
        "Missing or invalid status update data: Exception: Order number 1021 was not found.",
        "Unable to find order #1021",
        "Order not found",
        "Order #ABC does not exist",
        "no such order",
        "Order 1021 was not found in the database",
        "Invalid order number",
    ] {
        let number = if text.contains("ABC") { "ABC" } else { "1021" };
        let found = meaning(&Reason { text, order_number: number, of_function: true });
        assert_eq!(found, Some(Meaning::OrderNotFound), "{text}");
    }
    for text in ["Order status Packed not found", "Unable to find order status", "Order 1021: carrier not found", "order was found"] {
        assert_ne!(refusal(text), Some(Meaning::OrderNotFound), "{text}");
    }
}

#[test]
fn what_a_script_cannot_do_is_known() {
    assert_eq!(error("Function \"ordernumber\" was not found."), Some(Meaning::NoSuchFunction));
    assert_eq!(error("Integration has no support for function: updatestatus"), Some(Meaning::NoSuchFunction));
    assert_eq!(error("Requests must be secured using SSL"), Some(Meaning::NeedsTls));
    assert_eq!(refusal("No orders found in request."), Some(Meaning::NotRead));
    assert_eq!(refusal("Unknown status Packed"), Some(Meaning::NoSuchStatus));
    assert_eq!(refusal("Cannot change the status from Complete to New"), Some(Meaning::ForbiddenChange));
}

#[test]
fn an_unknown_wording_means_nothing() {
    for text in ["", "the warehouse is closed", "SQLSTATE[22001]: String data, right truncated: 1406 Data too long for column 'status'"] {
        assert_eq!(refusal(text), None, "{text}");
        assert_eq!(error(text), None, "{text}");
    }
    assert_eq!(refusal("You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version"), None);
    assert!(follow("a then b", &["a", "b"]) && !follow("b then a", &["a", "b"]));
}

#[test]
fn a_number_that_was_not_read_is_noticed() {
    for text in ["Unable to find order #", "Order number  was not found", "Order #0 not found", "Order '' does not exist"] {
        assert!(names_no_number(text), "{text}");
    }
    for text in ["Unable to find order #1021", "Order 1021 could not be found", "Order not found"] {
        assert!(!names_no_number(text), "{text}");
    }
}
