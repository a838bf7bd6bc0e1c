//! The log-in: user name, password and store code, compared in constant time before anything else of a post is parsed.

use super::form::{self, Form};
use super::{Denial, Error, SetiRequest, StatusPost, delimited, text, xml};
use cartage_model::carts::Inlet;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Status updates whose log-in is not checked yet.
#[derive(Debug)]
pub struct Locked {
    user: String,
    password: SecretString,
    code: String,
    form: Form,
}

/// What the first part of a long post contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstLook {
    /// The post asks for the version, which needs no log-in.
    Version,
    /// The post has status updates and a right log-in. If the rest repeats the log-in differently, the later one counts.
    RightLogin,
    /// The function or the log-in is still to come.
    NoLogin,
}

/// Examines the first part of a post before the rest is read, because a stranger's post is not worth reading.
///
/// # Errors
///
/// The errors of [`read`](super::read), as far as they can be known; [`Error::Denied`] if the log-in is there and wrong.
pub(super) fn first_look(start: &SetiRequest<'_>, inlet: &Inlet, password: &SecretString) -> Result<FirstLook, Error> {
    // The last field may have been cut.
    let whole_fields = start.body.iter().rposition(|byte| *byte == b'&').map_or(&[][..], |end| &start.body[..end]);
    let form = Form::read(&SetiRequest { body: whole_fields, ..*start }, inlet)?;
    let name = form.text("setifunction")?.unwrap_or_default();
    match name.trim().to_ascii_lowercase().as_str() {
        "" => return Ok(FirstLook::NoLogin),
        "sendversion" => return Ok(FirstLook::Version),
        "updatestatus" => {}
        _ => return Err(Error::FunctionUnknown { name: text::cut(&name) }),
    }
    let given = |name| Ok::<_, Error>(form.text(name)?.is_some());
    if !given("setiuser")? || !given("password")? || !(given("code")? || inlet.code().is_empty()) {
        return Ok(FirstLook::NoLogin);
    }
    Locked::new(form)?.check(inlet, password).map(|()| FirstLook::RightLogin)
}

impl Locked {
    pub(super) fn new(mut form: Form) -> Result<Locked, form::Error> {
        Ok(Locked { user: form.take("setiuser")?, password: form.take("password")?.into(), code: form.take("code")?, form })
    }

    /// Checks the log-in against the inlet and `password`, and parses the post.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], whichever of the three parts is wrong; [`Error::Form`] and [`Error::Xml`] for faults that concern no single
    /// order.
    pub fn open(self, inlet: &Inlet, password: &SecretString) -> Result<StatusPost, Error> {
        self.check(inlet, password)?;
        let om_version = self.form.text("omversion")?.as_deref().and_then(text::line).map(|text| text::cut(&text));
        let updates = match self.form.xml()? {
            Some(document) => xml::updates(&document, inlet)?,
            None => vec![delimited::update(&self.form, inlet)],
        };
        Ok(StatusPost { om_version, updates })
    }

    /// Compares all three parts, even after one is found wrong, so that the duration tells nothing.
    fn check(&self, inlet: &Inlet, password: &SecretString) -> Result<(), Error> {
        let user = same(self.user.trim(), inlet.user());
        // A cart without a store code accepts any code, because an Order Manager sends the one in its form.
        let code = same(self.code.trim(), inlet.code()) | Choice::from(u8::from(inlet.code().is_empty()));
        let password = same(self.password.expose_secret(), password.expose_secret());
        if bool::from(user & code & password) {
            return Ok(());
        }
        let wrong = |right: Choice| !bool::from(right);
        Err(Error::Denied(Denial::Wrong { user: wrong(user), password: wrong(password), code: wrong(code) }))
    }
}

/// Compares digests, which have one length, so that the comparison tells nothing of the secret's length.
fn same(given: &str, expected: &str) -> Choice {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(expected).as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(body: &str, query: Option<&str>, keys: &str) -> Result<FirstLook, Error> {
        let inlet: Inlet = toml::from_str(&format!("user = \"om\"\n{keys}")).expect("it is an inlet");
        let request = SetiRequest { method: "POST", query, content_type: None, body: body.as_bytes() };
        first_look(&request, &inlet, &SecretString::from("right"))
    }

    fn wrong(user: bool, password: bool, code: bool) -> Error {
        Error::Denied(Denial::Wrong { user, password, code })
    }

    #[test]
    fn each_reason_has_words_of_its_own() {
        for (error, words) in [
            (wrong(true, false, false), "the user name is wrong"),
            (wrong(false, true, true), "the password and the store code are wrong"),
            (wrong(true, true, true), "the user name, the password and the store code are wrong"),
        ] {
            assert!(matches!(&error, Error::Denied(denial) if denial.to_string() == words), "{error:?}");
            assert_eq!(error.to_string(), Error::Denied(Denial::NoCart).to_string(), "its sender is told the same whatever it is");
        }
    }

    #[test]
    fn the_log_in_is_known_as_soon_as_it_has_come() {
        use FirstLook::*;
        let update = "setifunction=updatestatus&setiuser=om&password=right";
        for (body, seen) in [
            (format!("{update}&update=%3COrd"), Ok(RightLogin)),
            // A field that may continue in the next part is not counted yet.
            (update.to_owned(), Ok(NoLogin)),
            ("setifunction=updatestatus&setiuser=om&update=%3COrd".to_owned(), Ok(NoLogin)),
            ("update=%3COrd".to_owned(), Ok(NoLogin)),
            (String::new(), Ok(NoLogin)),
            ("setifunction=updatestatus&setiuser=om&password=wrong&update=%3C".to_owned(), Err(wrong(false, true, false))),
            ("setifunction=updatestatus&setiuser=you&password=right&update=%3C".to_owned(), Err(wrong(true, false, false))),
            ("setifunction=sendversion&update=%3COrd".to_owned(), Ok(Version)),
            ("setifunction=ordercount&update=%3COrd".to_owned(), Err(Error::FunctionUnknown { name: "ordercount".into() })),
        ] {
            assert_eq!(look(&body, None, ""), seen, "{body}");
        }
        assert_eq!(look("update=%3COrd", Some(update), ""), Ok(RightLogin), "it may stand in the URL");
        assert_eq!(look(&format!("{update}&update=%3C"), None, "code = \"7\""), Ok(NoLogin), "the store code is still to come");
        assert_eq!(look(&format!("{update}&code=7&update=%3C"), None, "code = \"7\""), Ok(RightLogin));
        assert_eq!(look(&format!("{update}&code=8&update=%3C"), None, "code = \"7\""), Err(wrong(false, false, true)));
    }

    #[test]
    fn what_is_no_form_is_known_from_its_beginning() {
        let many = "a=1&".repeat(form::FIELDS_MAX + 1);
        assert_eq!(look(&many, None, ""), Err(Error::Form(form::Error::TooManyFields)));
        let inlet: Inlet = toml::from_str("user = \"om\"").expect("it is an inlet");
        let request = SetiRequest { method: "POST", query: None, content_type: Some("application/json"), body: b"{\"a\":1}&" };
        assert!(matches!(first_look(&request, &inlet, &SecretString::from("x")), Err(Error::Form(form::Error::ContentType { .. }))));
    }
}
