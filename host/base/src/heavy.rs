//! Runs work that takes longer than a millisecond on threads on which no request and no delivery waits.
//!
//! The size of the input tells how long work takes. Only a few pieces run at once, which bounds their memory together; the others wait, and so do
//! their callers.

use tokio::sync::Semaphore;

/// The largest input that is worked on in place, in bytes: that takes less than a millisecond.
pub const IN_PLACE_BYTES_MAX: usize = 16 << 10;
/// The most pieces of work that run at once.
const AT_ONCE_MAX: usize = 4;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE_MAX);

/// Runs work on so many bytes: in place if they are few, else on a separate thread. A panic continues in the caller.
pub async fn work<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= IN_PLACE_BYTES_MAX {
        return work();
    }
    let turn = TURNS.acquire().await.expect("it is never closed");
    // The turn ends with the work, also where the caller does not wait for it.
    let worked = tokio::task::spawn_blocking(move || {
        let worked = work();
        drop(turn);
        worked
    });
    match worked.await {
        Ok(worked) => worked,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The program ends, and the caller with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[tokio::test]
    async fn much_is_worked_on_elsewhere_and_little_here() {
        let here = thread::current().id();
        assert_eq!(work(IN_PLACE_BYTES_MAX, || thread::current().id()).await, here);
        assert_ne!(work(IN_PLACE_BYTES_MAX + 1, || thread::current().id()).await, here);
    }

    #[tokio::test]
    async fn a_panic_is_the_caller_s_and_gives_the_turn_back() {
        for _ in 0..=AT_ONCE_MAX {
            let panicked = tokio::spawn(work(usize::MAX, || {
                if std::hint::black_box(true) {
                    panic!("a fault")
                }
            }))
            .await;
            assert!(panicked.is_err_and(|error| error.is_panic()));
        }
    }
}
