//! A token that the cart no longer takes is obtained anew, once.

use super::{Error, Request, Response};

impl Request {
    /// Sends it, and once more with [renewed](Request::renew) tokens if the answer says that the cart refused them: `refused` looks at the first answer.
    /// Most carts say so with status 401, GraphQL with 200 and a code. A plugin that does not ask for this loses a delivery to each token that ends
    /// before its time.
    ///
    /// The request goes out a second time, so let `refused` be true only where the cart did nothing. The host renews once a call: after that the answer
    /// comes back as it is.
    ///
    /// ```no_run
    /// use cartage_sdk::http::Request;
    /// # use cartage_sdk::Failure;
    ///
    /// # fn example() -> Result<(), Failure> {
    /// let answer = Request::get("api").path("/orders").auth("account").send_renewing(|answer| answer.status == 401)?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`send`](Request::send).
    pub fn send_renewing(self, refused: impl FnOnce(&Response) -> bool) -> Result<Response, Error> {
        let again = self.clone().renew();
        let answer = self.send()?;
        if refused(&answer) { again.send() } else { Ok(answer) }
    }
}
