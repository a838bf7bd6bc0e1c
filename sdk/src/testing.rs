//! A scripted cart, for plain `cargo test`.

pub(crate) mod imports {
    use cartage_contract::{http, log, signing};

    pub(crate) fn send(request: http::Request) -> Result<http::Response, http::Error> {
        let message = format!("failed to send to endpoint {}: there is no host outside a component", request.endpoint);
        Err(http::Error { kind: http::ErrorKind::Unsupported, reach: http::Reach::NothingSent, message })
    }

    pub(crate) fn mac(slot: &str, _algorithm: signing::Algorithm, _message: Vec<http::Part>) -> Result<Vec<u8>, signing::Error> {
        let message = format!("failed to sign with slot {slot}: there is no host outside a component");
        Err(signing::Error { kind: signing::ErrorKind::Unsupported, message })
    }

    pub(crate) fn digest(_algorithm: signing::Algorithm, _message: Vec<http::Part>) -> Result<Vec<u8>, signing::Error> {
        let message = "failed to hash: there is no host outside a component".to_owned();
        Err(signing::Error { kind: signing::ErrorKind::Unsupported, message })
    }

    pub(crate) fn log(_level: log::Level, _message: &str) {}
}
