//! Sends a request again, once, with a new token if the cart refused the old one.

use super::{Error, Request, Response};

impl Request {
    /// Sends the request, and sends it once more with [renewed](Request::renew) tokens if `refused` says of the first answer that the cart refused the tokens.
    /// Most carts refuse with status 401, GraphQL with 200 and a code. A plugin without this call loses a delivery to each token that ends before its time.
    ///
    /// The request is sent a second time, so let `refused` be true only if the cart did nothing. The host renews tokens once in a call; after that the first
    /// answer is returned unchanged.
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
