//! The side that answers a plugin: a cart that follows a script, a stand-in without any knowledge, or random answers.

use super::random::Random;
use super::world::World;
use cartage_cart_script::{Asked, Cart, Effect, NoRule, Reply};
use cartage_contract::http::{Method, Request, Response, ResponseHeader};

/// The side that answers a plugin's requests.
pub(super) enum Shop<'s> {
    /// A cart that follows a script.
    Scripted(Cart<'s>),
    /// A server that answers everything with success and empty content of a type that the plugin reads.
    StandIn,
    /// A server that gives random answers.
    Random(Random),
}

impl<'s> Shop<'s> {
    /// Answers a request, and carries it out.
    pub(super) fn answer(&mut self, request: &Request, asked: &Asked, world: &World) -> Result<Response, NoRule> {
        match self {
            Shop::Scripted(cart) => cart.answer(asked),
            Shop::StandIn => Ok(stand_in(request, world)),
            Shop::Random(random) => Ok(by_chance(random, request, world)),
        }
    }

    /// The answer to a request that the cart refuses; `None` if the shop has no script.
    pub(super) fn refuse(&self, reply: &Reply, asked: &Asked) -> Option<Response> {
        let Shop::Scripted(cart) = self else { return None };
        Some(cart.refuse(reply, asked))
    }

    /// The name of the script's rule that answers a request; `None` if there is none.
    pub(super) fn rule_name(&self, asked: &Asked) -> Option<&'s str> {
        let Shop::Scripted(cart) = self else { return None };
        cart.rule_name(asked)
    }

    /// The effects on the cart, in order.
    pub(super) fn effects(&self) -> &[Effect] {
        if let Shop::Scripted(cart) = self { cart.effects() } else { &[] }
    }

    /// The effects that were added more than once, each listed once.
    pub(super) fn twice(&self) -> Vec<&Effect> {
        if let Shop::Scripted(cart) = self { cart.twice() } else { Vec::new() }
    }
}

/// An answer with one header, the body's type.
pub(super) fn typed(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let header = ResponseHeader { name: "content-type".to_owned(), value: content_type.to_owned() };
    Response { status, headers: vec![header], body: body.into(), extra: Vec::new() }
}

/// A content type that the plugin reads from the endpoint.
fn read_type<'w>(request: &Request, world: &'w World) -> &'w str {
    let endpoint = world.manifest.endpoint(&request.endpoint);
    endpoint.and_then(|endpoint| endpoint.response_types.first()).map_or("application/json", String::as_str)
}

fn stand_in(request: &Request, world: &World) -> Response {
    let content_type = read_type(request, world);
    let body = match content_type {
        _ if request.method == Method::Head => "",
        json if json.ends_with("json") => "{}",
        xml if xml.ends_with("xml") => "<ok/>",
        _ => "OK",
    };
    typed(200, content_type, body)
}

const STATUSES: [u16; 18] = [200, 200, 200, 200, 201, 202, 204, 302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503];

fn by_chance(random: &mut Random, request: &Request, world: &World) -> Response {
    let status = *random.of(&STATUSES);
    let content_type = match random.below(4) {
        0 => *random.of(&["text/html", "text/plain", "application/xml", "application/json", "application/octet-stream", "nonsense"]),
        _ => read_type(request, world),
    };
    let mut answer = typed(status, content_type, body(random));
    if random.below(4) == 0 {
        let value = *random.of(&["0", "120", "-1", "soon", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT", ""]);
        answer.headers.push(ResponseHeader { name: "retry-after".to_owned(), value: value.to_owned() });
    }
    answer
}

fn body(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => Vec::new(),
        1 => (0..random.below(200)).flat_map(|_| random.next().to_le_bytes()).collect(),
        2 => b"<!DOCTYPE html><html><body>Service temporarily unavailable</body></html>".to_vec(),
        3 => random
            .of(&["null", "[]", "true", "\"\"", "0", "{\"errors\":[{}]}", "{\"data\":null}", "[{}]", "{\"id\":null}"])
            .as_bytes()
            .to_vec(),
        // Deeply nested, but not so deeply that a parser refuses the text.
        4 => [vec![b'['; 100], vec![b']'; 100]].concat(),
        5 => vec![b'x'; 1 << random.below(17)],
        _ => {
            let mut text = json(random, 4);
            if random.below(5) == 0 {
                text.truncate(text.floor_char_boundary(text.len() / 2));
            }
            text.into_bytes()
        }
    }
}

const NAMES: [&str; 16] = [
    "id",
    "number",
    "status",
    "data",
    "errors",
    "error",
    "message",
    "code",
    "orders",
    "order",
    "items",
    "notes",
    "shipments",
    "total",
    "name",
    "success",
];
const VALUES: [&str; 12] = [
    "1",
    "-7",
    "1e300",
    "9007199254740993",
    "true",
    "false",
    "null",
    "\"1021\"",
    "\"\"",
    "\"Shipped\"",
    "\"\u{e9}\u{1f4e6}\"",
    "\"\\u0000\"",
];

fn json(random: &mut Random, depth: usize) -> String {
    let count = random.below(5);
    match random.below(if depth == 0 { 1 } else { 3 }) {
        0 => (*random.of(&VALUES)).to_owned(),
        1 => format!("[{}]", (0..count).map(|_| json(random, depth - 1)).collect::<Vec<_>>().join(",")),
        _ => {
            let member = |_| format!("\"{}\":{}", random.of(&NAMES), json(random, depth - 1));
            format!("{{{}}}", (0..count).map(member).collect::<Vec<_>>().join(","))
        }
    }
}
