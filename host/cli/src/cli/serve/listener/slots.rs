//! Limits the number of connections, and chooses which connection makes room for another.
//!
//! There is a limit in all, and one for each address. When a limit is reached, one connection is closed. A connection whose request from a known sender is
//! being worked on is never closed, and one whose request is complete only if no other connection waits for its client. Among those that remain, the address
//! with the most connections loses one, the oldest in its phase. So a client that opens many connections loses its own. Each connection has its
//! [`Patience::grace`] before it may be closed, and meanwhile new ones wait in the system's queue: a client that wants to send a request has time for it,
//! however many others connect. Loopback addresses count towards the limit in all only, because a proxy or a tunnel on this machine connects for many
//! clients.

use cartage_http::inbound::client::network;
use cartage_http::inbound::connection::{Connection, Phase};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long nothing is accepted while no connection can be closed.
const FULL_REST: Duration = Duration::from_millis(50);

/// Largest number of connections at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Limits {
    /// For all addresses together.
    pub(in super::super) in_all: usize,
    /// For one address that is not this machine's own: an IPv4 address, or the first 64 bits of an IPv6 address. `None`: only the limit in all applies.
    pub(in super::super) of_address: Option<usize>,
}

/// How long a connection may stay in each phase.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Patience {
    /// Time from the beginning of the connection in which it is not closed for another one, whatever its phase.
    pub(in super::super) grace: Duration,
    /// For the TLS handshake, and from the beginning or the end of the handshake to the first byte of a request.
    pub(in super::super) opened: Duration,
    /// From the first byte of a request to the end of its head.
    pub(in super::super) head: Duration,
    /// From the end of the head until the request is complete and its sender known. Bodies have shorter timeouts of their own, which send a response.
    pub(in super::super) body: Duration,
    /// From a response, including its transfer, to the next request.
    pub(in super::super) answered: Duration,
}

impl Patience {
    /// The daemon's timeouts. Proxies keep connections for a minute or more, so an idle connection is kept for longer than that.
    pub(in super::super) const USUAL: Patience = Patience {
        grace: Duration::from_millis(250),
        opened: Duration::from_secs(10),
        head: Duration::from_secs(10),
        body: Duration::from_secs(90),
        answered: Duration::from_secs(120),
    };

    fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Opened => Some(self.opened),
            Phase::Head => Some(self.head),
            Phase::Body | Phase::Whole => Some(self.body),
            Phase::Answered => Some(self.answered),
            Phase::AtWork | Phase::Closing => None,
        }
    }

    /// How often the connections are checked for timeouts.
    pub(super) fn sweep_every(&self) -> Duration {
        let shortest = [self.opened, self.head, self.body, self.answered].into_iter().min().unwrap_or_default();
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Slots {
    limits: Limits,
    patience: Patience,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Held>,
    of_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Held {
    address: IpAddr,
    connection: Connection,
    close: Arc<Notify>,
}

/// A connection's slot, which becomes free when this value is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    number: u64,
    pub(super) connection: Connection,
    close: Arc<Notify>,
}

impl Slots {
    pub(super) fn new(limits: Limits, patience: Patience) -> Slots {
        Slots { limits, patience, open: Mutex::default() }
    }

    /// How long until there may be a slot for another connection; `None` if a slot is free, or can be freed now.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let open = self.open();
        if open.all.len() < self.limits.in_all {
            return None;
        }
        let until = open.spared(|_| true).map(|(_, since)| since + self.patience.grace);
        let left = until.map_or(FULL_REST, |until| until.saturating_duration_since(now));
        (!left.is_zero()).then_some(left)
    }

    /// Takes a slot for a connection of this address, and closes another connection if necessary; `None` if none can be closed.
    pub(super) fn take(self: &Arc<Slots>, ip: IpAddr) -> Option<Slot> {
        let address = network(ip);
        let mut open = self.open();
        let most = self.limits.of_address.filter(|_| !ip.is_loopback());
        if most.is_some_and(|most| open.count(address) >= most) && !open.evict(|held| held.address == address) {
            return None;
        }
        if open.all.len() >= self.limits.in_all && !open.evict(|_| true) {
            return None;
        }
        let (connection, close) = (Connection::opened(), Arc::new(Notify::new()));
        let number = open.next;
        open.next += 1;
        *open.of_address.entry(address).or_default() += 1;
        open.all.insert(number, Held { address, connection: connection.clone(), close: close.clone() });
        Some(Slot { slots: self.clone(), number, connection, close })
    }

    /// Closes the connection that can best be spared, if there is one.
    pub(super) fn make_room(&self) {
        self.open().evict(|_| true);
    }

    /// Closes the connections whose phase timed out.
    pub(super) fn sweep(&self, now: Instant) {
        self.close_where(|(phase, since)| self.patience.of(phase).is_some_and(|patience| now.saturating_duration_since(since) >= patience));
    }

    /// Closes the connections in these phases.
    pub(super) fn close_all(&self, phases: impl Fn(Phase) -> bool) {
        self.close_where(|(phase, _)| phases(phase));
    }

    fn close_where(&self, which: impl Fn((Phase, Instant)) -> bool) {
        let mut open = self.open();
        let late: Vec<u64> = open.all.iter().filter(|(_, held)| which(held.connection.phase())).map(|(number, _)| *number).collect();
        for number in late {
            open.close(number);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // No code panics while it holds the lock, and the state is consistent in any case.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn count(&self, address: IpAddr) -> usize {
        self.of_address.get(&address).copied().unwrap_or(0)
    }

    /// The matching connection that can best be spared, with the start of its phase.
    fn spared(&self, which: impl Fn(&Held) -> bool) -> Option<(u64, Instant)> {
        let spared = self.all.iter().filter(|(_, held)| which(held)).filter_map(|(number, held)| {
            let (waits_for_client, since) = match held.connection.phase() {
                (Phase::AtWork | Phase::Closing, _) => return None,
                (Phase::Whole, since) => (false, since),
                (Phase::Opened | Phase::Head | Phase::Body | Phase::Answered, since) => (true, since),
            };
            Some((waits_for_client, self.count(held.address), Reverse(since), *number))
        });
        spared.max().map(|(_, _, Reverse(since), number)| (number, since))
    }

    /// Closes the matching connection that can best be spared. Returns whether one was closed.
    fn evict(&mut self, which: impl Fn(&Held) -> bool) -> bool {
        // Between the check and this line, work on the request may have begun. Then the next call finds another connection.
        self.spared(which).is_some_and(|(number, _)| self.close(number))
    }

    fn close(&mut self, number: u64) -> bool {
        let Some(held) = self.all.get(&number).filter(|held| held.connection.give_up()) else { return false };
        held.close.notify_one();
        self.remove(number);
        true
    }

    fn remove(&mut self, number: u64) {
        let Some(held) = self.all.remove(&number) else { return };
        if let Some(count) = self.of_address.get_mut(&held.address) {
            *count -= 1;
            if *count == 0 {
                self.of_address.remove(&held.address);
            }
        }
    }
}

impl Slot {
    /// Waits until the connection is to be closed.
    pub(super) async fn closed(&self) {
        self.close.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.open().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(in_all: usize, of_address: Option<usize>) -> Arc<Slots> {
        Arc::new(Slots::new(Limits { in_all, of_address }, Patience::USUAL))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("it is an address")
    }

    fn is_closed(slot: &Slot) -> bool {
        slot.connection.phase().0 == Phase::Closing
    }

    /// Waits a little, so that of two connections the first is the older one.
    fn later() {
        std::thread::sleep(Duration::from_millis(1));
    }

    #[test]
    fn a_connection_that_waits_makes_room_and_one_that_is_worked_on_does_not() {
        let slots = slots(3, None);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(slots.take(ip("192.0.2.1")).expect("there is room"));
            later();
        }
        held[0].connection.enter(Phase::AtWork);
        held[1].connection.enter(Phase::Body);
        later();
        held[2].connection.enter(Phase::Answered);
        later();
        let next = slots.take(ip("192.0.2.2")).expect("it takes a place");
        assert_eq!(held.iter().map(is_closed).collect::<Vec<_>>(), [false, true, false], "the one whose phase began first");
        for slot in [&held[2], &next] {
            slot.connection.enter(Phase::AtWork);
        }
        assert!(slots.take(ip("192.0.2.3")).is_none(), "all are needed");
        drop(next);
        let again = slots.take(ip("192.0.2.3")).expect("one is free");
        assert!(!is_closed(&again));
    }

    #[test]
    fn a_whole_request_makes_room_only_where_no_other_waits_for_its_client() {
        let slots = slots(3, None);
        let held = [Phase::Whole, Phase::Body, Phase::Whole].map(|phase| {
            let slot = slots.take(ip("192.0.2.1")).expect("there is room");
            slot.connection.enter(phase);
            later();
            slot
        });
        for closed in [[false, true, false], [true, true, false]] {
            let next = slots.take(ip("192.0.2.1")).expect("it takes a place");
            assert_eq!(held.each_ref().map(is_closed), closed);
            next.connection.enter(Phase::AtWork);
            std::mem::forget(next);
        }
    }

    #[test]
    fn every_connection_has_a_moment_before_it_makes_room() {
        let slots = slots(1, None);
        assert_eq!(slots.wait(Instant::now()), None);
        let one = slots.take(ip("192.0.2.1")).expect("there is room");
        let since = one.connection.phase().1;
        assert_eq!(slots.wait(since), Some(Patience::USUAL.grace));
        assert_eq!(slots.wait(since + Patience::USUAL.grace), None, "it can be spared");
        one.connection.enter(Phase::AtWork);
        assert_eq!(slots.wait(since + Patience::USUAL.grace), Some(FULL_REST), "it cannot, and nobody knows for how long");
        drop(one);
        assert_eq!(slots.wait(since), None);
    }

    #[test]
    fn whoever_has_most_connections_loses_one() {
        let slots = slots(4, None);
        let one = slots.take(ip("192.0.2.1")).expect("there is room");
        later();
        let mut many = Vec::new();
        for _ in 0..3 {
            many.push(slots.take(ip("192.0.2.2")).expect("there is room"));
            later();
        }
        for _ in 0..20 {
            many.push(slots.take(ip("192.0.2.2")).expect("it takes the place of its own"));
            later();
        }
        assert!(!is_closed(&one), "although it is the oldest");
        assert_eq!(many.iter().filter(|slot| !is_closed(slot)).count(), 3);
    }

    #[test]
    fn one_address_has_its_limit_and_this_machine_has_none() {
        let counts = |addresses: [&str; 4], of_address| {
            let slots = slots(100, of_address);
            let held: Vec<Slot> = addresses.map(|address| slots.take(ip(address)).expect("there is room")).into();
            held.iter().filter(|slot| !is_closed(slot)).count()
        };
        assert_eq!(counts(["192.0.2.1"; 4], Some(2)), 2);
        assert_eq!(counts(["192.0.2.1"; 4], None), 4);
        assert_eq!(counts(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"], Some(1)), 4);
        assert_eq!(counts(["127.0.0.1"; 4], Some(2)), 4);
        assert_eq!(counts(["::1"; 4], Some(2)), 4);
        let network = ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:2:3", "2001:db8:0:1::1"];
        assert_eq!(counts(network, Some(1)), 2, "64 bits of an address are one client");
        let slots = slots(100, Some(1));
        let one = slots.take(ip("192.0.2.1")).expect("there is room");
        one.connection.enter(Phase::AtWork);
        assert!(slots.take(ip("192.0.2.1")).is_none(), "what it has is worked on");
        assert!(slots.take(ip("192.0.2.2")).is_some());
    }

    #[test]
    fn each_phase_has_its_time() {
        let patience = Patience {
            grace: Duration::ZERO,
            opened: Duration::from_secs(1),
            head: Duration::from_secs(2),
            body: Duration::from_secs(3),
            answered: Duration::from_secs(4),
        };
        let slots = Arc::new(Slots::new(Limits { in_all: 9, of_address: None }, patience));
        let phases = [Phase::Opened, Phase::Head, Phase::Body, Phase::Answered, Phase::AtWork];
        let held = phases.map(|phase| {
            let slot = slots.take(ip("192.0.2.1")).expect("there is room");
            slot.connection.enter(phase);
            slot
        });
        for (second, left) in [(0, 5), (1, 4), (2, 3), (3, 2), (4, 1), (1_000, 1)] {
            slots.sweep(held[4].connection.phase().1 + Duration::from_secs(second));
            assert_eq!(held.iter().filter(|slot| !is_closed(slot)).count(), left, "after {second} s");
        }
        slots.close_all(|phase| phase == Phase::AtWork);
        assert!(!is_closed(&held[4]), "a request that is worked on is never cut off");
    }

    #[test]
    fn places_that_are_left_are_free() {
        let slots = slots(2, Some(2));
        for _ in 0..100 {
            drop(slots.take(ip("192.0.2.1")).expect("there is room"));
        }
        let open = slots.open();
        assert!(open.all.is_empty() && open.of_address.is_empty());
    }
}
