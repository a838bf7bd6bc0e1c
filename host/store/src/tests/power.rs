//! A loss of power: what was acknowledged is there afterwards, whatever became of the writes that were under way.
//!
//! A library that is preloaded into the child remembers each file as of its last sync; SQLite itself is not changed. What was written after
//! that may be there, be lost, or be torn: each changed sector may have its old content, its new content, no content or any content. Bytes
//! that a write did not touch stay as they are, which SQLite requires of disks ("powersafe overwrite").

use super::failing::{CHILD, child, kill_after, labels, write_until_killed};
use super::{AT, Scratch};
use crate::Store;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The unit that a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;
/// The number of torn images in each round.
const TORN: u64 = 24;

#[test]
fn what_was_acknowledged_survives_a_loss_of_power() {
    if let Some(file) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&file));
    }
    let scratch = Scratch::new();
    let shim = scratch.file().with_extension("so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/synced.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([shim.as_os_str(), source.as_ref()]).status();
    assert!(made.expect("a C compiler built SQLite").success());
    let prefix = format!("export LD_PRELOAD='{}';", shim.display());
    for round in 0..3_usize {
        let there = Scratch::new();
        drop(there.create());
        let file = there.file();
        let before = std::fs::read(&file).expect("it was closed, and so synced");
        let mut known = Known::default();
        let writer = child("power::what_was_acknowledged_survives_a_loss_of_power", &file, &prefix).spawn().expect("sh is there");
        kill_after(writer, 40 + 60 * round, &mut known.acknowledged, &mut known.unsure);
        let log = beside(&file, "-wal");
        let synced = |file: &Path| std::fs::read(beside(file, ".synced")).ok();
        let now = |file: &Path| std::fs::read(file).expect("it is there");
        let database = Written { synced: synced(&file).unwrap_or(before), now: now(&file) };
        let log = Written { synced: synced(&log).unwrap_or_default(), now: now(&log) };
        for (database, log) in
            [(&database.synced, &log.synced), (&database.synced, &log.now), (&database.now, &log.synced), (&database.now, &log.now)]
        {
            known.check(database, log, "whole writes");
        }
        for log in half_frames(&log.synced) {
            known.check(&database.synced, &log, "half of a frame at the log's end");
        }
        for seed in 0..TORN {
            let mut chance = Chance(seed + TORN * round as u64);
            let (database, log) = (database.torn(&mut chance), log.torn(&mut chance));
            known.check(&database, &log, &format!("torn by seed {} in round {round}", seed + TORN * round as u64));
        }
    }
}

/// The labels that the child acknowledged, and those of which nothing is known.
#[derive(Default)]
struct Known {
    acknowledged: BTreeSet<String>,
    unsure: BTreeSet<String>,
}

impl Known {
    /// Checks that the files open, are sound, and hold what was acknowledged and at most what was being written.
    fn check(&self, database: &[u8], log: &[u8], what: &str) {
        let after = Scratch::new();
        std::fs::write(after.file(), database).expect("the folder can be written");
        std::fs::write(beside(&after.file(), "-wal"), log).expect("the folder can be written");
        let store = Store::open(&after.file(), AT).unwrap_or_else(|error| panic!("{what}: {error}"));
        let kept: BTreeSet<String> = labels(&store).into_iter().collect();
        assert!(self.acknowledged.is_subset(&kept), "{what}: lost {:?}", self.acknowledged.difference(&kept));
        let more: Vec<_> = kept.difference(&self.acknowledged).filter(|label| !self.unsure.contains(*label)).collect();
        assert!(more.is_empty(), "{what}: nobody wrote {more:?}");
        let sound = store.read_blocking(|view| view.one("check", "PRAGMA integrity_check", (), |row| row.get::<_, String>(0)));
        assert_eq!(sound.expect("it can be read").as_deref(), Some("ok"), "{what}");
    }
}

/// A file as of its last sync, and as it was when the power was lost.
struct Written {
    synced: Vec<u8>,
    now: Vec<u8>,
}

impl Written {
    /// The file with a random fate for each sector that was written since the last sync.
    fn torn(&self, chance: &mut Chance) -> Vec<u8> {
        // The length is that before, that after, or one in between.
        let (shorter, longer) = (self.synced.len().min(self.now.len()), self.synced.len().max(self.now.len()));
        let length = match chance.below(3) {
            0 => self.synced.len(),
            1 => self.now.len(),
            _ => shorter + chance.below(longer - shorter + 1),
        };
        let mut torn = Vec::with_capacity(length);
        while torn.len() < length {
            let at = torn.len();
            let end = (at + SECTOR).min(length);
            let fate = chance.below(4);
            for byte in at..end {
                let (old, new) = (self.synced.get(byte).copied(), self.now.get(byte).copied());
                torn.push(match fate {
                    _ if old == new => old.unwrap_or(0),
                    0 => old.unwrap_or(0),
                    1 => new.unwrap_or(0),
                    2 => 0,
                    _ => chance.below(256) as u8,
                });
            }
        }
        torn
    }
}

/// The log with half a frame more at its end: the last frame repeated, and cut off or with its second half damaged.
fn half_frames(log: &[u8]) -> Vec<Vec<u8>> {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let page: [u8; 4] = log[8..12].try_into().expect("they are four");
    let frame = u32::from_be_bytes(page) as usize + FRAME_HEADER;
    let frames = (log.len() - HEADER) / frame;
    let last = &log[HEADER + (frames - 1) * frame..HEADER + frames * frame];
    let cut = [&log[..HEADER + frames * frame], &last[..frame / 2]].concat();
    let wrong = [&cut[..], &vec![0xA5; frame - frame / 2]].concat();
    vec![cut, wrong]
}

/// Random numbers from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}
