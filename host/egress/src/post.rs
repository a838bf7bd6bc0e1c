//! Posts alerts to a URL that the operator named. The requests hold no data of a cart's credentials.
//!
//! No plugin and no credential is involved, and the operator may name any address, their own network's as well. Redirects are not followed, and
//! proxies of the environment are not used. The URL may hold a token, so only its host is ever shown.

use super::client::Failure;
use rustls::RootCertStore;
use std::time::Duration;
use url::Url;

/// How long a post may take, in milliseconds.
pub const POST_MS_MAX: u64 = 10_000;

/// Why an alert was not posted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not a URL that can be posted to.
    #[error("the URL for alerts cannot be used: {why}; give one such as https://alerts.example/cartage")]
    Url {
        /// What is wrong with the text, as a clause.
        why: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("could not set up the connections for alerts")]
    Client(#[source] reqwest::Error),
    /// The request failed before an answer arrived.
    #[error("could not post an alert: {failure} {host}")]
    Failed {
        /// The host that the URL names.
        host: String,
        /// The step at which the request failed.
        failure: Failure,
        /// The error of the HTTP client, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// The host answered with a status other than 200 to 299.
    #[error("could not post an alert: {host} answered with status {status}, which is not one of 200 to 299")]
    Status {
        /// The host that the URL names.
        host: String,
        /// The status code that the host sent.
        status: u16,
    },
}

/// Posts JSON documents to one URL.
pub struct Post {
    http: reqwest::Client,
    url: Url,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("host", &self.host()).finish_non_exhaustive()
    }
}

impl Post {
    /// Prepares posts to a URL. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::Client`].
    pub fn new(url: &str) -> Result<Post, Error> {
        let url = Url::parse(url).map_err(|_| Error::Url { why: "it is not a URL" })?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Error::Url { why: "it begins with neither https:// nor http://" });
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Error::Url { why: "it holds a user name, a password or a fragment" });
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(super::tls(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .timeout(Duration::from_millis(POST_MS_MAX))
            .connection_verbose(false)
            .build()
            .map_err(Error::Client)?;
        Ok(Post { http, url })
    }

    /// Posts a document. Only the status of the answer is read.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`], [`Error::Status`].
    pub async fn send(&self, json: String) -> Result<(), Error> {
        let request = self.http.post(self.url.clone()).header(reqwest::header::CONTENT_TYPE, "application/json").body(json);
        let response = request.send().await.map_err(|error| {
            let source = error.without_url();
            Error::Failed { host: self.host(), failure: Failure::of(&source), source }
        })?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(Error::Status { host: self.host(), status }),
        }
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_posted_to_is_taken_and_a_token_in_it_is_not_shown() {
        for wrong in ["", "alerts", "ftp://a.example/", "https://user@a.example/", "https://a.example/#x", "file:///alerts"] {
            assert!(matches!(Post::new(wrong), Err(Error::Url { .. })), "{wrong}");
        }
        let post = Post::new("https://a.example/hook/T0KEN?key=T0KEN").expect("it can be posted to");
        assert!(!format!("{post:?}").contains("T0KEN"), "{post:?}");
    }
}
