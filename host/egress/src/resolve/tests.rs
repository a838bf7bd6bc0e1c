use super::*;
use crate::address::{Public, ThisMachine};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Played(Vec<io::Result<Vec<IpAddr>>>, AtomicUsize);

impl Resolver for Played {
    fn resolve(&self, _name: String) -> Resolving {
        let at = self.1.fetch_add(1, Ordering::SeqCst);
        let answer = match self.0.get(at) {
            Some(Ok(addresses)) => Ok(addresses.clone()),
            Some(Err(error)) => Err(error.kind().into()),
            None => return Box::pin(std::future::pending()),
        };
        Box::pin(std::future::ready(answer))
    }
}

fn played(answers: Vec<io::Result<Vec<IpAddr>>>) -> VettedResolver {
    let rules = AddressRules {
        public: Public::Allowed,
        networks: Vec::new(),
        host_named: false,
        own: Vec::new(),
        this_machine: ThisMachine::Denied,
    };
    VettedResolver { resolver: Arc::new(Played(answers, AtomicUsize::new(0))), rules, ms_max: RESOLVE_MS_MAX }
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("the test writes addresses")).collect()
}

async fn ask(resolver: &VettedResolver) -> Result<Vec<SocketAddr>, Error> {
    resolver.clone().addresses("cart.example".to_owned()).await
}

#[tokio::test]
async fn public_addresses_come_back_with_port_0() {
    let addresses = ask(&played(vec![Ok(ips(&["8.8.8.8", "2606:4700::1111"]))])).await.expect("both are public");
    assert_eq!(addresses, [SocketAddr::new(ips(&["8.8.8.8"])[0], 0), SocketAddr::new(ips(&["2606:4700::1111"])[0], 0)]);
}

#[tokio::test]
async fn one_denied_answer_denies_the_name_wherever_it_stands() {
    for answer in [vec!["10.0.0.5", "8.8.8.8"], vec!["8.8.8.8", "10.0.0.5"], vec!["127.0.0.1"], vec!["8.8.8.8", "::ffff:127.0.0.1"]] {
        let error = ask(&played(vec![Ok(ips(&answer))])).await.expect_err("one is private");
        assert!(matches!(error, Error::Denied { .. }), "{answer:?}: {error}");
    }
    // Also beyond those that are considered.
    let mut many = ips(&["8.8.8.8"]).repeat(ADDRESSES_MAX);
    many.extend(ips(&["10.0.0.5"]));
    assert!(matches!(ask(&played(vec![Ok(many)])).await, Err(Error::Denied { .. })));
}

#[tokio::test]
async fn no_more_than_so_many_addresses_are_considered() {
    for (given, kept) in [
        (ADDRESSES_MAX - 1, ADDRESSES_MAX - 1),
        (ADDRESSES_MAX, ADDRESSES_MAX),
        (ADDRESSES_MAX + 1, ADDRESSES_MAX),
        (10_000, ADDRESSES_MAX),
    ] {
        let addresses = ask(&played(vec![Ok(ips(&["8.8.8.8"]).repeat(given))])).await.expect("all are public");
        assert_eq!(addresses.len(), kept);
    }
}

#[tokio::test]
async fn each_connection_is_vetted_by_its_own_answer() {
    let resolver = played(vec![Ok(ips(&["8.8.8.8"])), Ok(ips(&["127.0.0.1"])), Ok(ips(&["8.8.4.4"]))]);
    assert!(ask(&resolver).await.is_ok());
    assert!(matches!(ask(&resolver).await, Err(Error::Denied { .. })));
    assert!(ask(&resolver).await.is_ok());
}

#[tokio::test]
async fn no_answer_is_an_error_of_its_own() {
    assert!(matches!(ask(&played(vec![Ok(Vec::new())])).await, Err(Error::Empty { .. })));
    assert!(matches!(ask(&played(vec![Err(io::ErrorKind::NotFound.into())])).await, Err(Error::Failed { .. })));
}

#[tokio::test]
async fn a_silent_resolver_is_given_up_at_its_deadline() {
    let resolver = VettedResolver { ms_max: 100, ..played(Vec::new()) };
    let started = std::time::Instant::now();
    assert!(matches!(ask(&resolver).await, Err(Error::Deadline { ms: 100, .. })));
    assert!((100..5_000).contains(&started.elapsed().as_millis()));
}

/// A resolver with the same answers, on a machine without a route to these addresses.
struct Cut(Played, Vec<IpAddr>, Way);

impl Resolver for Cut {
    fn resolve(&self, name: String) -> Resolving {
        self.0.resolve(name)
    }

    fn way(&self, ip: IpAddr) -> Way {
        if self.1.contains(&ip) { self.2 } else { Way::There }
    }
}

fn cut(answer: io::Result<Vec<IpAddr>>, missing: &[IpAddr], way: Way) -> VettedResolver {
    let all = played(Vec::new());
    VettedResolver { resolver: Arc::new(Cut(Played(vec![answer], AtomicUsize::new(0)), missing.to_vec(), way)), ..all }
}

#[tokio::test]
async fn addresses_without_a_way_are_left_out_and_a_name_that_has_no_other_is_this_machine_s_fault() {
    let both = ips(&["2606:4700::1111", "8.8.8.8"]);
    let found = ask(&cut(Ok(both.clone()), &both[..1], Way::Missing)).await.expect("there is a way to one");
    assert_eq!(found, [SocketAddr::new(both[1], 0)]);
    let error = ask(&cut(Ok(both.clone()), &both, Way::Missing)).await.expect_err("there is none");
    assert!(matches!(error, Error::NoWay { .. }) && error.is_of_this_machine(), "{error}");
    let found = ask(&cut(Ok(both.clone()), &both, Way::Unknown)).await.expect("nobody can say, so it is tried");
    assert_eq!(found.len(), 2);
    // An address that is denied is denied, whether there is a way to it or not.
    let private = ips(&["10.0.0.5"]);
    assert!(matches!(ask(&cut(Ok(private.clone()), &private, Way::Missing)).await, Err(Error::Denied { .. })));
}

#[tokio::test]
async fn a_name_without_an_answer_is_this_machine_s_fault_only_where_it_cannot_ask() {
    let failed = || Err(io::ErrorKind::Other.into());
    for (missing, way, of_this_machine) in [
        (&[][..], Way::Missing, false),
        (&ANYWHERE[..1], Way::Missing, false),
        (&ANYWHERE[1..], Way::Missing, false),
        (&ANYWHERE[..], Way::Missing, true),
        (&ANYWHERE[..], Way::Unknown, true),
    ] {
        let error = ask(&cut(failed(), missing, way)).await.expect_err("there is no answer");
        assert_eq!(error.is_of_this_machine(), of_this_machine, "{missing:?} {way:?}: {error}");
    }
}

#[test]
fn the_system_knows_a_way_to_this_machine() {
    assert_eq!(SystemResolver.way(ips(&["127.0.0.1"])[0]), Way::There);
}

/// A machine with these addresses of its own.
struct Machine(Vec<IpAddr>);

impl Resolver for Machine {
    fn resolve(&self, _name: String) -> Resolving {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip)
    }
}

#[tokio::test]
async fn this_machine_is_reached_where_it_is_named_or_allowed() {
    let rules = |public, networks: &[&str], this_machine| AddressRules {
        public,
        networks: networks.iter().map(|network| network.parse().expect("the test writes networks")).collect(),
        host_named: false,
        own: Vec::new(),
        this_machine,
    };
    use ThisMachine::{Allowed, Denied};
    for (ip, rules, passes) in [
        ("198.41.0.4", rules(Public::Allowed, &[], Denied), false),
        ("198.41.0.4", rules(Public::Allowed, &[], Allowed), true),
        ("2606:4700::1111", rules(Public::Allowed, &[], Denied), false),
        // A network that was opened is not this machine; the very address is.
        ("192.168.1.20", rules(Public::Denied, &["192.168.1.0/24"], Denied), false),
        ("192.168.1.20", rules(Public::Denied, &["192.168.1.0/24", "192.168.1.20/32"], Denied), true),
        ("192.168.1.20", rules(Public::Denied, &["192.168.1.0/24"], Allowed), true),
        // The loopback network is a private one, and opened as such.
        ("127.0.0.1", rules(Public::Denied, &["127.0.0.0/8"], Denied), true),
        ("127.0.0.1", rules(Public::Allowed, &[], Allowed), false),
    ] {
        let resolver = VettedResolver { resolver: Arc::new(Machine(ips(&[ip]))), rules, ms_max: RESOLVE_MS_MAX };
        let asked = ask(&resolver).await;
        assert_eq!(asked.is_ok(), passes, "{ip}: {asked:?}");
        if let Err(Error::Denied { source: address::Denied::ThisMachine { .. }, .. }) = &asked {
            assert!(causes(&asked).contains("private exception"), "{asked:?}");
        }
    }
}

fn causes<T: std::fmt::Debug>(asked: &Result<T, Error>) -> String {
    cartage_base::causes::chain(asked.as_ref().expect_err("it was denied"))
}

#[test]
fn a_machine_knows_its_own_addresses() {
    let own = |text: &str| SystemResolver.is_own(text.parse().expect("the test writes addresses"));
    assert!(own("127.0.0.1"));
    assert!(!own("192.0.2.1") && !own("198.41.0.4"), "documentation's, and a root server's");
    // Whatever this machine speaks from is its own.
    if let Ok(from) = towards("198.41.0.4".parse().expect("an address")) {
        assert!(own(&from.to_string()), "{from}");
    }
}
