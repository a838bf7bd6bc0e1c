//! Work that waits for the disk, kept off the threads that serve everybody.

use super::Error;
use cartage_store as store;

/// Runs some work on a thread that may wait for the disk. A panic of the work is the caller's.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Store(store::Error::Stopped { reason: store::Stop::Closed }).into()),
        },
    }
}
