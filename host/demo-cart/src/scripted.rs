//! A shopping cart on this machine that answers by a cart script. It shows a plugin's author, with real requests, what the plugin does to a cart.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::any;
use cartage_cart_script::{Asked, Cart, Script};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use tokio::sync::{mpsc, oneshot};

/// The most requests that wait for their turn. The cart answers one at a time.
const WAITING_MAX: usize = 64;

/// A request, and its effects on the cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    /// The method, the endpoint and the path.
    pub request: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The effects of the request: a status that was set, a shipment that was added.
    pub done: Vec<String>,
    /// Those effects of `done` that the cart had already.
    pub twice: Vec<String>,
    /// Why the script gave no answer: no rule fits the request. `None` if a rule did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_rule: Option<String>,
}

/// A running scripted cart. It stops when this value is dropped.
pub struct ScriptedCart {
    address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
    cart: tokio::task::JoinHandle<()>,
}

/// A request on its way to the cart, and the channel for its answer.
type Turn = (Asked, oneshot::Sender<Answer>);

type Answer = (StatusCode, HeaderMap, Vec<u8>);

impl ScriptedCart {
    /// Starts a cart that follows the script, and reports each request to `tell`. The first segment of a URL's path is the endpoint's name.
    ///
    /// # Errors
    ///
    /// The system's error if the address cannot be listened on.
    pub async fn start(script: Script, address: SocketAddr, tell: impl Fn(Served) + Send + 'static) -> io::Result<ScriptedCart> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (turns, mut inbox) = mpsc::channel::<Turn>(WAITING_MAX);
        let cart = tokio::spawn(async move {
            let mut cart = Cart::new(&script);
            while let Some((asked, reply)) = inbox.recv().await {
                let (served, answer) = serve(&mut cart, &asked);
                tell(served);
                // A client that has disconnected needs no answer.
                let _ = reply.send(answer);
            }
        });
        let router = axum::Router::new().fallback(any(take)).with_state(turns);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the scripted cart stopped");
            }
        });
        Ok(ScriptedCart { address, server, cart })
    }

    /// The base URL of an endpoint.
    pub fn base_url(&self, endpoint: &str) -> String {
        format!("http://{}/{endpoint}", self.address)
    }
}

impl Drop for ScriptedCart {
    fn drop(&mut self) {
        self.server.abort();
        self.cart.abort();
    }
}

async fn take(State(turns): State<mpsc::Sender<Turn>>, method: Method, url: Uri, headers: HeaderMap, body: Bytes) -> Answer {
    let whole = url.path().trim_start_matches('/');
    let (endpoint, path) = whole.split_at(whole.find('/').unwrap_or(whole.len()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect();
    let asked = Asked::received(endpoint, method.as_str(), path, url.query().unwrap_or_default(), headers, text(&body));
    let (reply, answer) = oneshot::channel();
    let stopped = (StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), b"the scripted cart has stopped".to_vec());
    if turns.send((asked, reply)).await.is_err() {
        return stopped;
    }
    answer.await.unwrap_or(stopped)
}

fn serve(cart: &mut Cart<'_>, asked: &Asked) -> (Served, Answer) {
    let before = cart.effects().len();
    let request = asked.name();
    match cart.answer(asked) {
        Ok(response) => {
            let done: Vec<String> = cart.effects()[before..].iter().map(ToString::to_string).collect();
            // An effect that was added twice earlier is reported again only if this request adds it once more.
            let twice = cart.twice().iter().map(ToString::to_string).filter(|effect| done.contains(effect)).collect();
            let mut headers = HeaderMap::new();
            for header in response.headers {
                if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(header.name), http::HeaderValue::try_from(header.value)) {
                    headers.append(name, value);
                }
            }
            let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (Served { request, status: status.as_u16(), done, twice, no_rule: None }, (status, headers, response.body))
        }
        Err(error) => {
            let why = error.to_string();
            let status = StatusCode::NOT_IMPLEMENTED;
            (
                Served { request, status: status.as_u16(), done: Vec::new(), twice: Vec::new(), no_rule: Some(why.clone()) },
                (status, HeaderMap::new(), why.into_bytes()),
            )
        }
    }
}
