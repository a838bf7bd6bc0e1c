//! A client of a daemon's API.

use crate::daemon::{Daemon, PASSWORD};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// Asks one daemon.
pub(crate) struct Http {
    client: reqwest::Client,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Http {
    pub(crate) fn new() -> Http {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Http { client: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client") }
    }

    /// A request with a token, or without one where that is empty, and with a body of this type.
    pub(crate) async fn ask(&self, method: &str, url: &str, token: &str, body: Option<(&str, String)>) -> Answer {
        self.ask_with(method, url, token, body, &[]).await
    }

    /// The same with further headers.
    pub(crate) async fn ask_with(
        &self,
        method: &str,
        url: &str,
        token: &str,
        body: Option<(&str, String)>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.request(method.parse::<Method>().expect("it is a method"), url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((media_type, body)) = body {
            request = request.header("content-type", media_type).body(body);
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("it is text");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, text, json }
    }

    /// The same with a body of JSON.
    pub(crate) async fn json(&self, method: &str, url: &str, token: &str, body: &Value) -> Answer {
        self.ask(method, url, token, Some(("application/json", body.to_string()))).await
    }

    /// A status as an Order Manager posts it; the line that it is answered with.
    pub(crate) async fn post_status(&self, daemon: &Daemon, cart: &str, order: &str, status: &str) -> String {
        self.post_status_to(&daemon.inlet(cart), order, status).await
    }

    /// The same to this URL.
    pub(crate) async fn post_status_to(&self, inlet: &str, order: &str, status: &str) -> String {
        let form =
            [("setifunction", "updatestatus"), ("setiuser", "om"), ("password", PASSWORD), ("ordernumber", order), ("orderstatus", status)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask("POST", inlet, "", Some(("application/x-www-form-urlencoded", body))).await.text
    }
}

impl Answer {
    /// It is a problem of this kind, with these words.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.json["type"], format!("docs/http-api.md#{slug}"), "{}", self.text);
        assert!(self.json["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{words:?}: {}", self.text);
    }

    /// It has this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}
