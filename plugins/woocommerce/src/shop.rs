//! Requests to the shop: each is sent with the key and with `_fields`, and its answer is checked.

use crate::answer;
use crate::{API, JSON, KEY, SIGNED_KEY};
use cartage_sdk::http::{self, Request};
use cartage_sdk::json::Value;
use cartage_sdk::{Context, Failure};

/// The part of the API that a request uses, for the remedy if the shop has no such route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The shop itself, or its orders and notes: every WooCommerce has these.
    Orders,
    /// Fulfilments, which are a feature of WooCommerce 10 or later that must be switched on.
    Fulfillments,
}

/// The shop, as one call of the plugin sees it.
#[derive(Debug)]
pub(crate) struct Shop<'a> {
    pub(crate) context: &'a Context,
    slot: &'static str,
    /// The number of requests that the call has left.
    left: u32,
}

/// An answer of the shop that is not a refusal.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Value,
    /// The number of pages that the list has, if the shop says so.
    pub(crate) pages: Option<u32>,
}

impl<'a> Shop<'a> {
    pub(crate) fn of(context: &'a Context) -> Shop<'a> {
        let slot = if context.has_slot(SIGNED_KEY) && !context.has_slot(KEY) { SIGNED_KEY } else { KEY };
        Shop { context, slot, left: context.limits.requests }
    }

    /// The number of requests that the call has left.
    pub(crate) fn left(&self) -> u32 {
        self.left
    }

    /// Sends a request and asks for no more than `fields` in the answer. Without this list the shop would send everything that it knows of the customer.
    pub(crate) fn ask(&mut self, about: About, request: Request, fields: &str) -> Result<Answer, Failure> {
        self.left = self.left.saturating_sub(1);
        let response = request.query("_fields", fields).auth(self.slot).send()?;
        let body = response.json_value();
        if let Some(failure) = answer::refusal(&response, body.as_ref().ok(), about, self.context) {
            return Err(failure);
        }
        let pages = response.header("x-wp-totalpages").and_then(|pages| pages.trim().parse().ok());
        Ok(Answer { body: body?, pages })
    }

    /// Sends a request with a body, and returns the body of the answer.
    pub(crate) fn write(&mut self, about: About, request: Request, body: &Value, fields: &str) -> Result<Value, Failure> {
        Ok(self.ask(about, request.body(JSON, [http::text(body.to_string())]), fields)?.body)
    }

    pub(crate) fn get(&mut self, about: About, path: &str, fields: &str) -> Result<Value, Failure> {
        Ok(self.ask(about, Request::get(API).path(path), fields)?.body)
    }
}
