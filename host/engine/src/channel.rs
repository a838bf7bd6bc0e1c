//! The place where a running guest leaves its requests and finds the answers: one at a time, between the two halves of one task.
//!
//! A channel would wake the task that is just running, so that each request would cost a turn of the scheduler, and often another thread's.
//! Here nobody is woken: the poller of the guest looks for a request when the guest waits, and polls the guest again when the answer is
//! there.

use cartage_model::exchange::{HostCall, HostReply};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

/// The channel. Both sides hold a clone.
#[derive(Clone, Default)]
pub(super) struct HostChannel(Arc<Mutex<Inside>>);

#[derive(Default)]
enum Inside {
    #[default]
    Nothing,
    Asked(HostCall),
    Answered(HostReply),
}

impl HostChannel {
    /// Leaves a request and waits for its answer. No task is woken; see the module.
    pub(super) async fn ask(&self, ask: HostCall) -> HostReply {
        *self.inside() = Inside::Asked(ask);
        poll_fn(|_| {
            let mut inside = self.inside();
            match std::mem::take(&mut *inside) {
                Inside::Answered(answer) => Poll::Ready(answer),
                other @ (Inside::Nothing | Inside::Asked(_)) => {
                    *inside = other;
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Takes the request; `None` if there is none.
    pub(super) fn asked(&self) -> Option<HostCall> {
        let mut inside = self.inside();
        match std::mem::take(&mut *inside) {
            Inside::Asked(ask) => Some(ask),
            other @ (Inside::Nothing | Inside::Answered(_)) => {
                *inside = other;
                None
            }
        }
    }

    /// Leaves the answer.
    pub(super) fn answer(&self, answer: HostReply) {
        *self.inside() = Inside::Answered(answer);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartage_model::exchange::Stop;
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn an_ask_is_taken_once_and_waits_for_its_own_answer() {
        let (inside, outside) = (HostChannel::default(), HostChannel::default());
        let channel = inside.clone();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(channel.asked(), None);
        let mut asking = pin!(inside.ask(HostCall::Digest { algorithm: cartage_contract::signing::Algorithm::Md5, message: Vec::new() }));
        assert!(asking.as_mut().poll(&mut context).is_pending());
        assert_eq!(outside.asked(), None, "it is another guest's");
        assert!(matches!(channel.asked(), Some(HostCall::Digest { .. })));
        assert_eq!(channel.asked(), None, "it was taken");
        assert!(asking.as_mut().poll(&mut context).is_pending());
        channel.answer(HostReply::End(Stop::DryRun));
        assert_eq!(channel.asked(), None, "an answer is no ask");
        assert_eq!(asking.as_mut().poll(&mut context), Poll::Ready(HostReply::End(Stop::DryRun)));
    }
}
