//! The implementation of a plugin's imports in native builds: the cart of the test that runs on this thread.

use super::placeholders::Placeholders;
use super::{Expect, Reply, Seen, Shown as _, seen, signatures};
use crate::Failure;
use crate::contract::{grants::Grants, http, log, manifest::Manifest, request, signing};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

/// The state of the host and of the shop during a call.
pub(super) struct Stage {
    pub(super) manifest: Manifest,
    pub(super) grants: Grants,
    pub(super) secrets: Placeholders,
    pub(super) script: VecDeque<(Expect, Reply)>,
    pub(super) rule: Option<Rule>,
    pub(super) denials: Denials,
    pub(super) delivery: Option<String>,
    pub(super) requests: Vec<Seen>,
    pub(super) log: Vec<(log::Level, String)>,
    /// The numbers of the requests, from 1, whose replies are lost.
    pub(super) lost: BTreeSet<usize>,
    reach: http::Reach,
    denied: Vec<String>,
}

/// Answers a request that the script does not expect.
pub(super) type Rule = Box<dyn Fn(&Seen) -> Reply>;

/// The effect of a denial on the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denials {
    /// The test fails.
    Fail,
    /// The test continues, to see how the plugin handles the denial.
    Allowed,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("plugin", &self.manifest.name).field("script", &self.script).finish_non_exhaustive()
    }
}

impl Stage {
    pub(super) fn new(manifest: Manifest, grants: Grants) -> Stage {
        Stage {
            secrets: Placeholders::of(&manifest),
            manifest,
            grants,
            script: VecDeque::new(),
            rule: None,
            denials: Denials::Fail,
            delivery: None,
            requests: Vec::new(),
            log: Vec::new(),
            lost: BTreeSet::new(),
            reach: http::Reach::NothingSent,
            denied: Vec::new(),
        }
    }

    /// Fails the test for requests that were denied, and for expected requests and lost replies that never came.
    pub(super) fn finish(&self, failure: Option<&Failure>) {
        let outcome = failure.map_or_else(String::new, |failure| format!("\nthe plugin returned: {}", failure.shown()));
        if self.denials == Denials::Fail && !self.denied.is_empty() {
            panic!("the host would deny this:\n  {}{outcome}", self.denied.join("\n  "));
        }
        if let Some((expected, _)) = self.script.front() {
            let left = self.script.len() - 1;
            panic!("no such request was sent:\n{expected}\n(and {left} more){outcome}\n{}", seen::list(&self.requests));
        }
        if let Some(lost) = self.lost.iter().find(|lost| !(1..=self.requests.len()).contains(lost)) {
            panic!("the reply to request {lost} was to be lost, but the request was never sent{outcome}\n{}", seen::list(&self.requests));
        }
    }

    /// Resets the stage for the next call, and returns what this call recorded.
    pub(super) fn clear(&mut self) -> (Vec<Seen>, Vec<(log::Level, String)>, http::Reach) {
        self.denied.clear();
        self.lost.clear();
        let reach = std::mem::replace(&mut self.reach, http::Reach::NothingSent);
        (std::mem::take(&mut self.requests), std::mem::take(&mut self.log), reach)
    }

    fn send(&mut self, request: http::Request) -> Result<http::Response, http::Error> {
        let (endpoint, effect) = (request.endpoint.clone(), request.effect);
        let seen = self.judge(request).map_err(|denied| {
            self.denied.push(denied.reason.clone());
            http::Error { kind: denied.kind, reach: http::Reach::NothingSent, message: denied.reason }
        })?;
        let mut reply = self.reply_to(&seen);
        self.requests.push(seen);
        if self.lost.contains(&self.requests.len()) {
            reply = Reply::lost();
        }
        let endpoint = self.manifest.endpoint(&endpoint).expect("a request to an endpoint that is not declared was denied");
        let answer = reply.seen_through(endpoint);
        if effect == http::Effect::Writes {
            let reach = answer.as_ref().map_or_else(|error| error.reach, |_| http::Reach::Answered);
            // A write that may have arrived stays so, whatever answers came before or after it.
            self.reach = match (self.reach, reach) {
                (http::Reach::MaybeSent, _) | (_, http::Reach::MaybeSent) => http::Reach::MaybeSent,
                (before, now) => before.max(now),
            };
        }
        answer
    }

    fn judge(&self, request: http::Request) -> Result<Seen, request::Denied> {
        if self.requests.len() >= self.grants.limits.requests as usize {
            let reason = format!("the call has made its {} requests", self.grants.limits.requests);
            return Err(request::Denied { kind: http::ErrorKind::QuotaExceeded, reason });
        }
        let (endpoint, path) = (request.endpoint.clone(), request.path.clone());
        let allowed = request::check(request, &self.manifest, &self.grants, self.delivery.as_deref())?;
        Ok(Seen::new(endpoint, path, allowed.wire_record(), allowed.wire(&self.secrets)?))
    }

    fn reply_to(&mut self, seen: &Seen) -> Reply {
        match (self.script.pop_front(), &self.rule) {
            (Some((expected, reply)), _) => {
                if let Some(difference) = expected.difference(seen) {
                    panic!("a different request was expected: {difference}\n\nexpected:\n{expected}\n\nsent:\n{seen}");
                }
                reply
            }
            (None, Some(rule)) => rule(seen),
            (None, None) => panic!("no request was expected, and this was sent:\n{seen}"),
        }
    }

    fn signed(&mut self, result: Result<Vec<u8>, signing::Error>) -> Result<Vec<u8>, signing::Error> {
        result.inspect_err(|error| self.denied.push(error.message.clone()))
    }
}

/// Runs a call on a stage and returns the stage. If the call panics, the thread's stage is cleared, so that a test can catch the panic.
pub(super) fn perform<T>(stage: Stage, call: impl FnOnce() -> T) -> (T, Stage) {
    struct Cleared;

    impl Drop for Cleared {
        fn drop(&mut self) {
            STAGE.take();
        }
    }

    STAGE.with_borrow_mut(|current| {
        assert!(current.is_none(), "a plugin cannot be run from within a plugin");
        *current = Some(stage);
    });
    let cleared = Cleared;
    let value = call();
    let stage = STAGE.take().expect("only a run puts a stage here and takes it away");
    drop(cleared);
    (value, stage)
}

fn on_stage<T>(what: &str, act: impl FnOnce(&mut Stage) -> T) -> T {
    STAGE.with_borrow_mut(|stage| match stage {
        Some(stage) => act(stage),
        None => panic!("failed to {what}: outside a component only testing::Cart answers host calls, and `describe` may make none"),
    })
}

/// The functions that a component imports.
pub(crate) mod imports {
    use super::{http, log, on_stage, signatures, signing};

    pub(crate) fn send(request: http::Request) -> Result<http::Response, http::Error> {
        on_stage("send a request", |stage| stage.send(request))
    }

    pub(crate) fn mac(slot: &str, algorithm: signing::Algorithm, message: Vec<http::Part>) -> Result<Vec<u8>, signing::Error> {
        on_stage("sign", |stage| {
            let input = signing::mac_input(slot, &message, &stage.manifest, &stage.grants, &stage.secrets);
            stage.signed(input.map(|input| signatures::mac(algorithm, &input.key, &input.message)))
        })
    }

    pub(crate) fn digest(algorithm: signing::Algorithm, message: Vec<http::Part>) -> Result<Vec<u8>, signing::Error> {
        on_stage("hash", |stage| {
            let message = signing::digest_input(&message, &stage.manifest, &stage.grants, &stage.secrets);
            stage.signed(message.map(|message| signatures::digest(algorithm, &message)))
        })
    }

    pub(crate) fn log(level: log::Level, message: &str) {
        on_stage("log", |stage| stage.log.push((level, message.to_owned())));
    }
}
