use super::*;
use crate::service::Service;
use cartage_base::clock::ManualClock;
use secrecy::ExposeSecret as _;
use std::sync::Arc;

fn service(clock: &Arc<ManualClock>) -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    let service = Service::init(&folder.path().join("data"), clock.clone()).expect("it is made");
    (folder, service)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(1_000))
}

fn said<T: fmt::Debug>(result: Result<T, ServiceError>) -> String {
    result.expect_err("it is refused").to_string()
}

#[tokio::test]
async fn a_token_is_found_by_its_text_until_it_is_removed() {
    let (_folder, service) = service(&clock());
    let made = service.access_tokens().make("first", Role::Admin, &[]).await.expect("it is made");
    let text = made.text.expose_secret().to_owned();
    assert!(is_token(&text), "{text}");
    assert_eq!(service.access_tokens().find(&text).await.expect("it is looked up"), Some(made.token.clone()));
    assert_eq!(service.access_tokens().list().await.expect("they are listed"), std::slice::from_ref(&made.token));
    assert!(!format!("{made:?}").contains(&text));
    service.access_tokens().remove("first").await.expect("it is there");
    assert_eq!(service.access_tokens().find(&text).await.expect("it is looked up"), None);
    assert_eq!(service.access_tokens().list().await.expect("they are listed"), []);
}

#[tokio::test]
async fn the_text_is_kept_nowhere() {
    let (folder, service) = service(&clock());
    let made = service.access_tokens().make("first", Role::Sender, &[]).await.expect("it is made");
    drop(service);
    let random = made.text.expose_secret().trim_start_matches(PREFIX).as_bytes().to_vec();
    let files = std::fs::read_dir(folder.path().join("data")).expect("it is there");
    let mut looked_into = 0;
    for file in files.map(|entry| entry.expect("it can be read").path()).filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).expect("it can be read");
        assert!(!bytes.windows(random.len()).any(|window| window == random), "{}", file.display());
        looked_into += 1;
    }
    assert!(looked_into >= 2, "{looked_into} files");
}

#[tokio::test]
async fn what_is_no_token_is_nobody_s() {
    let (_folder, service) = service(&clock());
    let made = service.access_tokens().make("first", Role::Admin, &[]).await.expect("it is made");
    let text = made.text.expose_secret();
    let (mut shorter, mut other) = (text.to_owned(), text.to_owned());
    shorter.pop();
    other.replace_range(PREFIX.len()..=PREFIX.len(), if text.starts_with("cartage_A") { "B" } else { "A" });
    for wrong in ["", PREFIX, &shorter, &format!("{text}A"), &other, &text.to_uppercase(), &text[PREFIX.len()..], &format!("{shorter}+")] {
        assert_eq!(service.access_tokens().find(wrong).await.expect("it is looked up"), None, "{wrong}");
    }
}

#[tokio::test]
async fn names_are_names_and_taken_once() {
    let (_folder, service) = service(&clock());
    for name in ["a".to_owned(), "x".repeat(63)] {
        service.access_tokens().make(&name, Role::Sender, &[]).await.expect("a name");
    }
    for name in ["", "A", "a b", "-a", &"x".repeat(64)] {
        assert!(said(service.access_tokens().make(name, Role::Sender, &[]).await).contains("is not valid"), "{name}");
    }
    assert!(said(service.access_tokens().make("a", Role::Admin, &[]).await).contains("a token a exists already"));
    let taken = service.access_tokens().make("a", Role::Admin, &[]).await.expect_err("it is taken");
    assert_eq!(taken.remedy(), Some(Remedy::RemoveToken { name: "a".to_owned() }));
    assert_eq!(service.access_tokens().list().await.expect("they are listed")[0].role, Role::Sender);
    service.access_tokens().make("order-manager", Role::Sender, &[]).await.expect("a name");
    assert!(said(service.access_tokens().remove("order-manger").await).contains("did you mean \"order-manager\"?"));
    let unknown = service.access_tokens().remove("zzzzzzzzz").await.expect_err("there is no such token");
    assert_eq!(unknown.remedy(), Some(Remedy::ListTokens));
}

#[tokio::test]
async fn a_token_for_a_cart_that_is_not_there_is_not_made() {
    let (_folder, service) = service(&clock());
    let cart = CartId::new("seed-shop").expect("a name");
    assert!(said(service.access_tokens().make("a", Role::Sender, &[cart]).await).contains("there is no cart seed-shop"));
    assert_eq!(service.access_tokens().list().await.expect("they are listed"), []);
}

#[tokio::test]
async fn a_token_names_its_carts_once() {
    let (_folder, service) = service(&clock());
    let [one, two] = ["one", "two"].map(|id| CartId::new(id).expect("a name"));
    for id in ["one", "two"] {
        let text = format!("cart = \"{id}\"\nplugin = \"none.wasm\"\n[endpoints.api]\nbase_url = \"https://shop.example\"\n");
        let definition = crate::service::definitions::definition(&cartage_model::carts::Cart::parse("test", &text).expect("a cart"));
        let merchant = service.merchant().clone();
        let write = move |tx: &Tx<'_>| store::carts::put(tx, &merchant, &definition, 0);
        service.store().write::<_, store::Error>(write).await.expect("it is kept");
    }
    let made = service.access_tokens().make("a", Role::Operator, &[two.clone(), one.clone(), two.clone()]).await.expect("it is made");
    assert_eq!(made.token.carts.as_deref(), Some(&[one.clone(), two.clone()][..]));
    let everywhere = service.access_tokens().make("b", Role::Operator, &[]).await.expect("it is made").token;
    assert_eq!(everywhere.carts, None);
    assert_eq!(service.access_tokens().list().await.expect("they are listed"), [made.token, everywhere]);
}

#[tokio::test]
async fn a_use_is_noted_once_an_hour() {
    let clock = clock();
    let (_folder, service) = service(&clock);
    let made = service.access_tokens().make("a", Role::Sender, &[]).await.expect("it is made");
    for (later, noted) in [(1_000, 2_000), (USE_NOTED_EVERY_MS - 1, 2_000), (1, 2_000 + USE_NOTED_EVERY_MS)] {
        clock.advance_ms(later);
        let token = service.access_tokens().find(made.text.expose_secret()).await.expect("it is looked up").expect("it is there");
        service.access_tokens().note_use(&token).await.expect("it is noted");
        assert_eq!(service.access_tokens().list().await.expect("they are listed")[0].used_at_unix_ms, Some(noted), "after {later} ms more");
    }
}

#[tokio::test]
async fn the_audit_tells_what_was_made_and_removed_and_nothing_else() {
    let (_folder, service) = service(&clock());
    service.access_tokens().make("a", Role::Operator, &[]).await.expect("it is made");
    said(service.access_tokens().make("a", Role::Admin, &[]).await);
    said(service.access_tokens().remove("b").await);
    service.access_tokens().remove("a").await.expect("it is there");
    let merchant = service.merchant().clone();
    let lines = service.store().read::<_, store::Error>(move |view| audit::last(view, &merchant, 9)).await.expect("it is read");
    let lines: Vec<_> = lines.iter().map(|line| (line.what.as_str(), line.subject.as_str(), line.detail.as_deref())).collect();
    assert_eq!(lines, [("token remove", "a", None), ("token new", "a", Some("operator"))]);
}

#[test]
fn roles_are_named_and_each_includes_those_before_it() {
    assert!(Role::ALL.is_sorted());
    assert!(Role::ALL.iter().all(|role| Role::named(role.as_str()).is_ok_and(|named| named == *role)));
    assert!(Role::named("root").expect_err("there is none").to_string().contains("sender, operator and admin"));
}
