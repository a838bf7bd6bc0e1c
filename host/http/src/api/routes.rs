//! The table of routes. The router is made from this table, and a test compares the table with the description that is served.

use super::body::{
    BASELINE_BYTES_MAX, CART_BYTES_MAX, DEFINITIONS_BYTES_MAX, EVENT_BYTES_MAX, SMALL_BYTES_MAX, Takes, UPDATES_BYTES_MAX,
    UPGRADE_BYTES_MAX,
};
use super::call::{Call, Shared};
use super::middleware::pass;
use super::route::{Handled, Route, Run};
use super::{
    access_tokens, all_carts, bans, carts, credentials, deliveries, machine, merchant, openapi, orders, page, seen, sending, updates,
};
use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use cartage::service::access_tokens::Role::{self, Admin, Operator, Sender};
use cartage_engine::admit::PLUGIN_BYTES_MAX;
use http::Method;
use std::collections::BTreeMap;
use std::sync::Arc;

const fn get(path: &'static str, query: &'static [&'static str], role: Role, run: fn(Call) -> Handled) -> Route {
    Route { method: Method::GET, path, query, takes: Takes::Nothing, run: Run::For(role, run) }
}

const fn post(path: &'static str, takes: Takes, role: Role, run: fn(Call) -> Handled) -> Route {
    Route { method: Method::POST, path, query: &[], takes, run: Run::For(role, run) }
}

const fn put(path: &'static str, query: &'static [&'static str], takes: Takes, run: fn(Call) -> Handled) -> Route {
    Route { method: Method::PUT, path, query, takes, run: Run::For(Admin, run) }
}

const fn delete(path: &'static str, query: &'static [&'static str], run: fn(Call) -> Handled) -> Route {
    Route { method: Method::DELETE, path, query, takes: Takes::Nothing, run: Run::For(Admin, run) }
}

const fn machine(method: Method, path: &'static str, takes: Takes, run: fn(Call) -> Handled) -> Route {
    Route { method, path, query: &[], takes, run: Run::Machine(run) }
}

const fn open(path: &'static str, run: fn(Arc<Shared>) -> Handled) -> Route {
    Route { method: Method::GET, path, query: &[], takes: Takes::Nothing, run: Run::Open(run) }
}

const NOTHING: Takes = Takes::Nothing;
const SMALL: Takes = Takes::Json(SMALL_BYTES_MAX);
const SMALL_OR_NOTHING: Takes = Takes::JsonOrNothing(SMALL_BYTES_MAX);

/// All routes of the description.
pub(super) static ROUTES: &[Route] = &[
    open("/healthz", |_| Box::pin(seen::health())),
    open("/readyz", |shared| Box::pin(seen::ready(shared))),
    get("/metrics", &[], Operator, |call| Box::pin(seen::metrics(call))),
    get("/v1/openapi.json", &[], Sender, |_| Box::pin(openapi::show(ROUTES))),
    post("/v1/status-events", Takes::Json(EVENT_BYTES_MAX), Sender, |call| Box::pin(updates::raise(call))),
    post("/v1/status-updates", Takes::Json(UPDATES_BYTES_MAX), Sender, |call| Box::pin(updates::update(call))),
    get("/v1/deliveries", deliveries::QUERY, Sender, |call| Box::pin(deliveries::list(call))),
    Route {
        method: Method::GET,
        path: "/v1/deliveries/summary",
        query: deliveries::SUMMARY_QUERY,
        takes: NOTHING,
        run: Run::Machine(|call| Box::pin(deliveries::summary(call))),
    },
    get("/v1/deliveries/{delivery}", &[], Sender, |call| Box::pin(deliveries::show(call))),
    post("/v1/deliveries/{delivery}/retry", NOTHING, Operator, |call| Box::pin(deliveries::retry(call))),
    post("/v1/deliveries/{delivery}/discard", SMALL, Operator, |call| Box::pin(deliveries::discard(call))),
    get("/v1/deliveries/{delivery}/cassettes/{attempt}", &["redacted"], Operator, |call| Box::pin(deliveries::cassette(call))),
    post("/v1/deliveries/{delivery}/try", NOTHING, Operator, |call| Box::pin(deliveries::try_now(call))),
    post("/v1/deliveries/retry", SMALL, Operator, |call| Box::pin(deliveries::retry_all(call))),
    post("/v1/deliveries/export", SMALL, Operator, |call| Box::pin(deliveries::export(call))),
    get("/v1/status", &[], Operator, |call| Box::pin(seen::status(call))),
    get("/v1/explain", &["cart", "order", "label"], Sender, |call| Box::pin(seen::explain(call))),
    get("/v1/alerts", &[], Operator, |call| Box::pin(seen::alerts(call))),
    get("/v1/carts", &["whole"], Operator, |call| Box::pin(carts::list(call))),
    machine(Method::POST, "/v1/carts", Takes::Json(DEFINITIONS_BYTES_MAX), |call| Box::pin(carts::define(call))),
    get("/v1/carts/{cart}", &[], Operator, |call| Box::pin(carts::show(call))),
    put("/v1/carts/{cart}", &["dry_run", "approve"], Takes::Toml(CART_BYTES_MAX), |call| Box::pin(carts::put(call))),
    post("/v1/carts/{cart}/enable", NOTHING, Operator, |call| Box::pin(carts::enable(call))),
    post("/v1/carts/{cart}/disable", NOTHING, Operator, |call| Box::pin(carts::disable(call))),
    post("/v1/carts/{cart}/pause", SMALL_OR_NOTHING, Operator, |call| Box::pin(carts::pause(call))),
    post("/v1/carts/{cart}/resume", NOTHING, Operator, |call| Box::pin(carts::resume(call))),
    Route {
        method: Method::PATCH,
        path: "/v1/carts/{cart}",
        query: &[],
        takes: SMALL,
        run: Run::For(Admin, |call| Box::pin(carts::patch(call))),
    },
    delete("/v1/carts/{cart}", &["discard_queue"], |call| Box::pin(carts::remove(call))),
    post("/v1/carts/{cart}/check", SMALL_OR_NOTHING, Operator, |call| Box::pin(carts::check(call))),
    get("/v1/carts/{cart}/plugins", &[], Operator, |call| Box::pin(carts::plugins(call))),
    post("/v1/carts/{cart}/upgrade", Takes::Json(UPGRADE_BYTES_MAX), Admin, |call| Box::pin(carts::upgrade(call))),
    post("/v1/carts/{cart}/rollback", SMALL_OR_NOTHING, Admin, |call| Box::pin(carts::roll_back(call))),
    put("/v1/carts/{cart}/recording", &[], SMALL, |call| Box::pin(carts::set_recording(call))),
    post("/v1/pause", SMALL, Operator, |call| Box::pin(all_carts::pause(call))),
    post("/v1/resume", NOTHING, Operator, |call| Box::pin(all_carts::resume(call))),
    get("/v1/carts/{cart}/bindings", &[], Operator, |call| Box::pin(carts::bindings(call))),
    get("/v1/carts/{cart}/credentials", &[], Operator, |call| Box::pin(credentials::list(call))),
    put("/v1/carts/{cart}/credentials/{slot}/{field}", &["next"], SMALL, |call| Box::pin(credentials::put(call))),
    delete("/v1/carts/{cart}/credentials/{slot}/{field}", &["next"], |call| Box::pin(credentials::forget(call))),
    post("/v1/orders/forget", SMALL, Admin, |call| Box::pin(orders::forget(call))),
    post("/v1/baseline", Takes::Json(EVENT_BYTES_MAX), Admin, |call| Box::pin(orders::baseline(call))),
    get("/v1/plugins/bans", &[], Operator, |call| Box::pin(bans::list(call))),
    put("/v1/plugins/bans/{digest}", &[], SMALL, |call| Box::pin(bans::ban(call))),
    delete("/v1/plugins/bans/{digest}", &[], |call| Box::pin(bans::unban(call))),
    machine(Method::POST, "/v1/send", Takes::Json(UPDATES_BYTES_MAX), |call| Box::pin(sending::send(call))),
    machine(Method::POST, "/v1/baseline/all", Takes::Json(BASELINE_BYTES_MAX), |call| Box::pin(orders::baseline_all(call))),
    machine(Method::POST, "/v1/plugins", Takes::Wasm(PLUGIN_BYTES_MAX), |call| Box::pin(machine::keep_plugin(call))),
    machine(Method::POST, "/v1/carts/{cart}/credentials/approve", SMALL_OR_NOTHING, |call| Box::pin(machine::approve(call))),
    machine(Method::POST, "/v1/key", NOTHING, |call| Box::pin(machine::make_key(call))),
    machine(Method::POST, "/v1/key/rotate", NOTHING, |call| Box::pin(machine::rotate_key(call))),
    machine(Method::GET, "/v1/clock", NOTHING, |call| Box::pin(machine::clock(call))),
    machine(Method::POST, "/v1/clock/confirm", NOTHING, |call| Box::pin(machine::confirm_clock(call))),
    machine(Method::POST, "/v1/retention", SMALL_OR_NOTHING, |call| Box::pin(machine::retain(call))),
    get("/v1/tokens", &[], Admin, |call| Box::pin(access_tokens::list(call))),
    post("/v1/tokens", SMALL, Admin, |call| Box::pin(access_tokens::make(call))),
    delete("/v1/tokens/{name}", &[], |call| Box::pin(access_tokens::remove(call))),
    get("/v1/parameters", &["cart"], Operator, |call| Box::pin(merchant::parameters(call))),
    put("/v1/parameters/{name}", &["cart"], SMALL, |call| Box::pin(merchant::set_parameter(call))),
    delete("/v1/parameters/{name}", &["cart"], |call| Box::pin(merchant::unset_parameter(call))),
    get("/v1/events", &[], Sender, |call| Box::pin(merchant::events(call))),
    put("/v1/events/{name}", &[], SMALL, |call| Box::pin(merchant::set_event(call))),
    get("/v1/labels", &[], Sender, |call| Box::pin(merchant::labels(call))),
    post("/v1/labels", SMALL, Admin, |call| Box::pin(merchant::add_labels(call))),
];

/// The page for people. It is not part of the interface for programs, so the description leaves it out.
static PAGE: Route = Route {
    method: Method::GET,
    path: "/",
    query: &["cart", "order"],
    takes: NOTHING,
    run: Run::Page(Operator, |call| Box::pin(page::show(call))),
};

/// Makes the router. Requests for other paths and methods take the same steps and are then refused.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let mut paths: BTreeMap<&'static str, Vec<&'static Route>> = BTreeMap::new();
    for route in ROUTES.iter().chain([&PAGE]) {
        paths.entry(route.path).or_default().push(route);
    }
    let mut router = Router::new();
    for (path, routes) in paths {
        let (shared, routes) = (shared.clone(), Arc::new(routes));
        let handler = move |request: Request| {
            let (shared, routes) = (shared.clone(), routes.clone());
            async move { pass(shared, &routes, request).await }
        };
        router = router.route(path, any(handler));
    }
    let shared = shared.clone();
    router.fallback(move |request: Request| {
        let shared = shared.clone();
        async move { pass(shared, &[], request).await }
    })
}
