//! Remembers how a wall clock was set, so that the age of a stamp is known although the clock may be set to anything.
//!
//! Measured time counts from a beginning and never jumps: the *service time*. While the wall clock keeps its distance to the service time, both are
//! in one [`Frame`]; when the wall clock is set, a new frame begins. A stamp is looked up in every frame that may have made it, and the youngest age
//! counts, so that nothing is taken for older than it is.
//!
//! While the machine is off nothing is measured. For up to [`OFF_MS_BELIEVED`] the wall clock is believed then, as is a step soon after a start, by
//! which machines without a battery-backed clock get the right time. Any other step leaves measured time as it is. A step of [`DOUBT_MS`] or more is
//! a [`Doubt`] until the clock is set right or a person confirms it. After a confirmation, the time that the clock says passed while the machine was
//! off counts for stamps from before this start of the machine, and for no later ones.

use super::Reading;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The longest time that a machine may have been off for its wall clock to be believed, in milliseconds.
pub const OFF_MS_BELIEVED: u64 = 7 * 24 * 60 * 60 * 1000;
/// The smallest step of the wall clock that raises a doubt, in milliseconds.
pub const DOUBT_MS: u64 = 24 * 60 * 60 * 1000;
/// The smallest difference from the expected time that counts as a step, in milliseconds.
const STEP_MS: u64 = 60_000;
/// How long after its start a machine may still be setting its clock, in milliseconds.
const START_MS: u64 = 60 * 60 * 1000;
/// The most frames that are remembered. The oldest are forgotten first, and their stamps are as old as the first frame that is left.
const FRAMES_MAX: usize = 256;

/// How a wall clock was set, and the last readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The frames, oldest first. There is always one.
    frames: Vec<Frame>,
    /// How far the believed wall clock is ahead of the service time, in milliseconds.
    trusted_ms: i64,
    /// The service time at the last reading, the readings of both clocks, and the id of the machine's start.
    service_ms: u64,
    wall_unix_ms: u64,
    elapsed_ms: u64,
    boot: Option<u128>,
}

/// A time during which the wall clock was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Frame {
    /// The service time at which the frame begins, in milliseconds. The frame ends where the next one begins.
    from_ms: u64,
    /// How far the wall clock is ahead of the service time, in milliseconds.
    ahead_ms: i64,
    /// The time before the frame that passed without being measured, in milliseconds.
    gap_ms: u64,
    /// Whether the frame begins with a start of the machine.
    starts: bool,
}

/// A step of the wall clock that no passing of time explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The clock went forward, by so many milliseconds too many.
    Ahead(u64),
    /// The clock went back by so many milliseconds.
    Behind(u64),
}

impl Frame {
    fn wall_of(self, service_ms: i128) -> i128 {
        service_ms + i128::from(self.ahead_ms)
    }
}

impl Memory {
    /// The memory of a clock that is read for the first time. The service time begins at the wall clock's time.
    pub fn new(reading: &Reading) -> Memory {
        Memory {
            frames: vec![Frame { from_ms: 0, ahead_ms: 0, gap_ms: 0, starts: false }],
            trusted_ms: 0,
            service_ms: reading.wall_unix_ms,
            wall_unix_ms: reading.wall_unix_ms,
            elapsed_ms: reading.elapsed_ms,
            boot: reading.boot,
        }
    }

    /// Continues from a memory that was saved, perhaps before a start of the machine. Returns whether the machine was started or its wall clock set
    /// since then.
    pub fn resume(&mut self, reading: &Reading) -> bool {
        if self.boot.is_some() && self.boot == reading.boot && reading.elapsed_ms >= self.elapsed_ms {
            return self.observe(reading);
        }
        let off_ms = reading.wall_unix_ms.checked_sub(self.wall_unix_ms).filter(|off_ms| *off_ms <= OFF_MS_BELIEVED);
        self.start(reading, off_ms.unwrap_or(0));
        true
    }

    /// Continues from the memory in a backup, for a person who restores it now: the time since the backup is believed.
    pub fn restore(&mut self, reading: &Reading) {
        self.start(reading, reading.wall_unix_ms.saturating_sub(self.wall_unix_ms));
        self.trusted_ms = self.last().ahead_ms;
    }

    /// Notes a start of the machine, after it was off for so long.
    fn start(&mut self, reading: &Reading, off_ms: u64) {
        // A start that turned out to be none of these stories is not remembered.
        let told_nothing = |frames: &[Frame]| match frames {
            [.., before, last] => last.starts && last.gap_ms == 0 && last.ahead_ms == before.ahead_ms,
            _ => false,
        };
        if told_nothing(&self.frames) {
            self.frames.pop();
        }
        self.service_ms = self.service_ms.saturating_add(off_ms);
        (self.elapsed_ms, self.boot) = (reading.elapsed_ms, reading.boot);
        self.read(reading, true);
    }

    /// Takes in a reading. Returns whether the wall clock was set since the last one.
    pub fn observe(&mut self, reading: &Reading) -> bool {
        self.service_ms = self.service_ms.saturating_add(reading.elapsed_ms.saturating_sub(self.elapsed_ms));
        self.elapsed_ms = reading.elapsed_ms;
        self.read(reading, false)
    }

    fn read(&mut self, reading: &Reading, starts: bool) -> bool {
        self.wall_unix_ms = reading.wall_unix_ms;
        let ahead_ms = i64::try_from(i128::from(reading.wall_unix_ms) - i128::from(self.service_ms)).unwrap_or(i64::MAX);
        let is_set = ahead_ms.abs_diff(self.last().ahead_ms) > STEP_MS;
        if is_set || starts {
            let ahead_ms = if is_set { ahead_ms } else { self.last().ahead_ms };
            self.frames.push(Frame { from_ms: self.service_ms, ahead_ms, gap_ms: 0, starts });
            if self.frames.len() > FRAMES_MAX {
                self.frames.remove(0);
            }
        }
        if is_set {
            self.judge(reading);
        }
        is_set
    }

    /// Decides whether a step is believed, and which stamps it affects.
    fn judge(&mut self, reading: &Reading) {
        let further = self.last().ahead_ms.saturating_sub(self.trusted_ms);
        let is_soon = reading.elapsed_ms <= START_MS && self.started().is_some();
        match u64::try_from(further) {
            Ok(gap_ms) if is_soon && gap_ms <= OFF_MS_BELIEVED => self.trust(gap_ms),
            _ if further.unsigned_abs() < DOUBT_MS => self.trusted_ms = self.last().ahead_ms,
            _ => {}
        }
    }

    /// Accepts the wall clock, because a person says that it is right.
    pub fn confirm(&mut self, reading: &Reading) {
        self.observe(reading);
        self.trust(u64::try_from(self.last().ahead_ms.saturating_sub(self.trusted_ms)).unwrap_or(0));
    }

    /// The doubt about the wall clock; `None` if it is believed.
    pub fn doubt(&self) -> Option<Doubt> {
        let ahead_ms = self.last().ahead_ms.saturating_sub(self.trusted_ms);
        match ahead_ms.unsigned_abs() {
            ..DOUBT_MS => None,
            far if ahead_ms > 0 => Some(Doubt::Ahead(far)),
            far => Some(Doubt::Behind(far)),
        }
    }

    /// How far the wall clock is behind what it showed within the last day, in milliseconds. Steps of more than a day do not count: times that an
    /// earlier process wrote by such a clock are later than any schedule allows, and so are due at once.
    pub fn set_back_ms(&self) -> u64 {
        let ends = self.frames.iter().skip(1).map(|next| next.from_ms).chain([self.service_ms]);
        let late = self.frames.iter().zip(ends).filter(|(_, end_ms)| *end_ms >= self.service_ms.saturating_sub(DOUBT_MS));
        let back = late.filter_map(|(frame, _)| u64::try_from(frame.ahead_ms.saturating_sub(self.last().ahead_ms)).ok());
        back.filter(|back_ms| *back_ms <= DOUBT_MS).max().unwrap_or(0)
    }

    /// The measured time, in milliseconds.
    pub fn service_ms(&self) -> u64 {
        self.service_ms
    }

    /// The least age of something that was stamped with this time of the wall clock, in milliseconds.
    pub fn age_ms(&self, at_unix_ms: u64) -> u64 {
        let at = i128::from(at_unix_ms);
        let spans = self.spans();
        let within = spans.iter().filter(|span| span.wall.contains(&at)).map(|span| span.age_of(at));
        // A stamp that no frame can have made is as old as the start of the next after it.
        let after = spans.iter().filter(|span| span.wall.start > at).min_by_key(|span| span.wall.start);
        let age = within.min().or_else(|| after.map(|span| span.age_of(span.wall.start))).unwrap_or(0);
        u64::try_from(age.max(0)).unwrap_or(u64::MAX)
    }

    /// The stamps that are certainly older than this age: ranges of the wall clock's time, in order.
    pub fn older_than(&self, age_ms: u64) -> Vec<Range<u64>> {
        let spans = self.spans();
        // Within a frame what is older comes first.
        let border = |span: &Span| (span.newest - i128::from(age_ms)).clamp(span.wall.start, span.wall.end);
        let mut old: Vec<Range<i128>> = spans.iter().map(|span| span.wall.start..border(span)).collect();
        // What was stamped before the first frame that is remembered is older than its start.
        let first = spans.last().expect("there is always one");
        old.extend((border(first) > first.wall.start).then_some(0..first.wall.start));
        for span in &spans {
            let young = border(span)..span.wall.end;
            old = old.into_iter().flat_map(|range| without(range, &young)).collect();
        }
        old.sort_by_key(|range| range.start);
        let stamp = |at: i128| u64::try_from(at.max(0)).unwrap_or(u64::MAX);
        old.into_iter().map(|range| stamp(range.start)..stamp(range.end)).filter(|range| !range.is_empty()).collect()
    }

    fn last(&self) -> Frame {
        *self.frames.last().expect("there is always one")
    }

    /// The first frame of this start of the machine; `None` if the machine was not started since the clock was first read.
    fn started(&mut self) -> Option<&mut Frame> {
        self.frames.iter_mut().rfind(|frame| frame.starts)
    }

    fn trust(&mut self, gap_ms: u64) {
        self.trusted_ms = self.last().ahead_ms;
        // What came since the start of the machine was measured whole. Without a start there is nothing that was not measured.
        if let Some(started) = self.started() {
            started.gap_ms = started.gap_ms.saturating_add(gap_ms);
        }
    }

    /// The frames as spans of the wall clock's time.
    fn spans(&self) -> Vec<Span> {
        let mut gaps = 0;
        let mut ends = i128::from(self.service_ms);
        let mut spans = Vec::with_capacity(self.frames.len());
        for frame in self.frames.iter().rev() {
            let slack = i128::from(STEP_MS);
            let wall = frame.wall_of(frame.from_ms.into()) - slack..frame.wall_of(ends) + slack + 1;
            spans.push(Span { wall, newest: frame.wall_of(i128::from(self.service_ms) + gaps) });
            (gaps, ends) = (gaps + i128::from(frame.gap_ms), frame.from_ms.into());
        }
        spans
    }
}

/// A frame in times of its own wall clock.
struct Span {
    /// The stamps that the frame may have made.
    wall: Range<i128>,
    /// The present time on the frame's clock, had it gone on. A stamp's age is its distance to this.
    newest: i128,
}

impl Span {
    fn age_of(&self, at: i128) -> i128 {
        self.newest - at
    }
}

/// The parts of a range that do not lie in another range.
fn without(range: Range<i128>, other: &Range<i128>) -> Vec<Range<i128>> {
    let parts = [range.start..range.end.min(other.start), range.start.max(other.end)..range.end];
    if other.is_empty() { vec![range] } else { parts.into_iter().filter(|part| !part.is_empty()).collect() }
}

#[cfg(test)]
mod tests;
