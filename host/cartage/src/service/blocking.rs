//! Work in a task or a thread of its own: what waits for the disk, and what must go to its end.

use super::Error;
use cartage_store as store;
use tokio::task::JoinHandle;

/// Runs some work on a thread that may wait for the disk. A panic of the work is the caller's.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    ended(tokio::task::spawn_blocking(work)).await
}

/// Runs some work in a task of its own, which goes on if the caller is dropped. A panic of the work is the caller's.
pub(super) async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    ended(tokio::spawn(work)).await
}

async fn ended<T>(task: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    match task.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(store::Error::Stopped { reason: store::WriteStop::Closed }.into()),
        },
    }
}
