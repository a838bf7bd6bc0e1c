//! What is remembered of a wall clock that may be set to anything: enough to tell how old a stamp is.
//!
//! Time that was measured counts from a beginning and never jumps: the *service time*. While the wall clock keeps its distance to it, both are in one
//! [`Frame`]; when the wall clock is set, a new frame begins. A stamp is looked for in every frame that may have made it, and is as old as in the
//! youngest of them, so that nothing is taken for older than it is.
//!
//! While the machine is off nothing is measured. Up to [`OFF_MS_BELIEVED`] the wall clock is believed then; so is a step soon after a start, with
//! which machines without a clock of their own come to the right time. Any other step leaves what was measured as it is. One of [`DOUBT_MS`] or
//! more is a [`Doubt`] until the clock is put right or a person confirms it; with that, the time that the clock says passed while the machine was
//! off counts for what was there before this start of the machine, and for nothing that came later.

use super::Reading;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How long a machine may have been off, by its wall clock, for that to be believed.
pub const OFF_MS_BELIEVED: u64 = 7 * 24 * 60 * 60 * 1000;
/// A step of the wall clock from which on it is in doubt.
pub const DOUBT_MS: u64 = 24 * 60 * 60 * 1000;
/// How far the wall clock may be from where it should be before that is a step.
const STEP_MS: u64 = 60_000;
/// How soon after its start a machine may still be getting to know the time.
const START_MS: u64 = 60 * 60 * 1000;
/// Frames that are remembered. Of more, the oldest are forgotten, and what they stamped is as old as the first that is left.
const FRAMES_MAX: usize = 256;

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The oldest first. Never empty.
    frames: Vec<Frame>,
    /// The distance of the wall clock that is believed.
    trusted_ms: i64,
    /// The service time of the last reading, what the clocks showed then, and which start of the machine it was.
    service_ms: u64,
    wall_unix_ms: u64,
    elapsed_ms: u64,
    boot: Option<u128>,
}

/// A time during which the wall clock was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Frame {
    /// The service time at which it begins. It ends where the next begins.
    from_ms: u64,
    /// How far the wall clock is ahead of the service time.
    ahead_ms: i64,
    /// Time that passed before it and was not measured.
    gap_ms: u64,
    /// Whether the machine was started with it.
    starts: bool,
}

/// A wall clock that went further, or back, than any time that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// So many milliseconds further.
    Ahead(u64),
    /// So many milliseconds back.
    Behind(u64),
}

impl Frame {
    fn wall_of(self, service_ms: i128) -> i128 {
        service_ms + i128::from(self.ahead_ms)
    }
}

impl Memory {
    /// Of a clock that is seen for the first time. The service time begins as the wall clock's.
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

    /// Takes up what was remembered when it was saved last, perhaps before a start of the machine. Whether the machine was started or its wall clock
    /// set since then.
    pub fn resume(&mut self, reading: &Reading) -> bool {
        if self.boot.is_some() && self.boot == reading.boot && reading.elapsed_ms >= self.elapsed_ms {
            return self.observe(reading);
        }
        let off_ms = reading.wall_unix_ms.checked_sub(self.wall_unix_ms).filter(|off_ms| *off_ms <= OFF_MS_BELIEVED);
        self.start(reading, off_ms.unwrap_or(0));
        true
    }

    /// Takes up what a backup holds, for a person who restores it now: the time since then is believed.
    pub fn restore(&mut self, reading: &Reading) {
        self.start(reading, reading.wall_unix_ms.saturating_sub(self.wall_unix_ms));
        self.trusted_ms = self.last().ahead_ms;
    }

    /// The machine was started, after being off for so long.
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

    /// Takes in what the clocks show. Whether the wall clock was set since they were read last.
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

    /// Whether a step is believed, and what it counts for.
    fn judge(&mut self, reading: &Reading) {
        let further = self.last().ahead_ms.saturating_sub(self.trusted_ms);
        let is_soon = reading.elapsed_ms <= START_MS && self.started().is_some();
        match u64::try_from(further) {
            Ok(gap_ms) if is_soon && gap_ms <= OFF_MS_BELIEVED => self.trust(gap_ms),
            _ if further.unsigned_abs() < DOUBT_MS => self.trusted_ms = self.last().ahead_ms,
            _ => {}
        }
    }

    /// A person says that the wall clock is right.
    pub fn confirm(&mut self, reading: &Reading) {
        self.observe(reading);
        self.trust(u64::try_from(self.last().ahead_ms.saturating_sub(self.trusted_ms)).unwrap_or(0));
    }

    /// Whether the wall clock is so far from where it should be that it is not believed.
    pub fn doubt(&self) -> Option<Doubt> {
        let ahead_ms = self.last().ahead_ms.saturating_sub(self.trusted_ms);
        match ahead_ms.unsigned_abs() {
            ..DOUBT_MS => None,
            far if ahead_ms > 0 => Some(Doubt::Ahead(far)),
            far => Some(Doubt::Behind(far)),
        }
    }

    /// How far the wall clock is behind what it showed within the last day. Steps of more than a day do not count: what an earlier process wrote by
    /// such a clock is due later than any schedule allows, and so at once.
    pub fn set_back_ms(&self) -> u64 {
        let ends = self.frames.iter().skip(1).map(|next| next.from_ms).chain([self.service_ms]);
        let late = self.frames.iter().zip(ends).filter(|(_, end_ms)| *end_ms >= self.service_ms.saturating_sub(DOUBT_MS));
        let back = late.filter_map(|(frame, _)| u64::try_from(frame.ahead_ms.saturating_sub(self.last().ahead_ms)).ok());
        back.filter(|back_ms| *back_ms <= DOUBT_MS).max().unwrap_or(0)
    }

    /// The time that was measured.
    pub fn service_ms(&self) -> u64 {
        self.service_ms
    }

    /// How long ago something was stamped with this time of the wall clock, at least.
    pub fn age_ms(&self, at_unix_ms: u64) -> u64 {
        let at = i128::from(at_unix_ms);
        let spans = self.spans();
        let within = spans.iter().filter(|span| span.wall.contains(&at)).map(|span| span.age_of(at));
        // A stamp that no frame can have made is as old as the start of the next after it.
        let after = spans.iter().filter(|span| span.wall.start > at).min_by_key(|span| span.wall.start);
        let age = within.min().or_else(|| after.map(|span| span.age_of(span.wall.start))).unwrap_or(0);
        u64::try_from(age.max(0)).unwrap_or(u64::MAX)
    }

    /// The stamps that are older than this for certain: ranges of the wall clock, the first first.
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

    /// The first frame of this start of the machine, if it was started since the clock was seen first.
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

    /// The frames as spans of the wall clock.
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

/// A frame, in times of its own wall clock.
struct Span {
    /// The stamps that it may have made.
    wall: Range<i128>,
    /// What its clock would show now, had it gone on: stamps are as old as they lie before it.
    newest: i128,
}

impl Span {
    fn age_of(&self, at: i128) -> i128 {
        self.newest - at
    }
}

/// What of a range does not lie in another.
fn without(range: Range<i128>, other: &Range<i128>) -> Vec<Range<i128>> {
    let parts = [range.start..range.end.min(other.start), range.start.max(other.end)..range.end];
    if other.is_empty() { vec![range] } else { parts.into_iter().filter(|part| !part.is_empty()).collect() }
}

#[cfg(test)]
mod tests;
