//! Finds any of many texts in another, in one pass. Time and memory are linear in the size of the texts and of the text that is searched,
//! whatever they hold: texts with repetitions, with common beginnings or ends, or contained in each other.
//!
//! The automaton is that of Aho and Corasick. Its trie is stored as a list of states in which the only child of nearly every state is the
//! next state, so that a state takes ten bytes. The library `aho-corasick`, which this replaces, needs 45 to 126 bytes and 0.3 to 0.8
//! microseconds for a byte of the texts, because its states are made for fast searches of a few words in much text. Here people and carts
//! decide how long the texts are, and most automata search only a few kilobytes before they are dropped.

use std::collections::BTreeMap;
use std::ops::Range;
use zeroize::Zeroize as _;

/// The state in which nothing of any text was read.
const ROOT: u32 = 0;
/// In [`Search::next`]: the state has no next state.
const NONE: u16 = 256;
/// In [`Search::next`]: the state has children in [`Search::branches`] as well.
const BRANCHES: u16 = 512;

/// A search for many texts at once.
pub struct Search {
    /// Maps each byte to the one that it is compared by, for example its lower case.
    fold: fn(u8) -> u8,
    /// For each state, the byte that leads to the next state in the list, or [`NONE`]; combined with [`BRANCHES`] if there are other
    /// children.
    next: Vec<u16>,
    /// The other children, at most one for each text.
    branches: BTreeMap<(u32, u8), u32>,
    /// The children of the root; [`ROOT`] where there is none.
    first: Box<[u32; 256]>,
    /// For each state, the state whose bytes are the longest proper end of this state's bytes.
    fail: Vec<u32>,
    /// For each state, the longest text that ends there, counted from 1; 0 if there is none.
    longest: Vec<u32>,
    /// The length of each text, in bytes.
    lengths: Vec<u32>,
}

/// A place where one or more texts were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The bytes that one text, or several overlapping ones, cover.
    pub at: Range<usize>,
    /// The index of the text that begins there, from 0: the longest of those that do.
    pub nth: usize,
}

impl Search {
    /// Builds a search for these texts. Bytes are equal if `fold` maps them to the same byte. An empty text is never found.
    pub fn new<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>, fold: fn(u8) -> u8) -> Search {
        let mut search = Search {
            fold,
            next: vec![NONE],
            branches: BTreeMap::new(),
            first: Box::new([ROOT; 256]),
            fail: Vec::new(),
            longest: vec![0],
            lengths: Vec::new(),
        };
        for text in texts {
            search.add(text.as_ref());
        }
        search.link();
        search
    }

    /// Whether there is no text to search for.
    pub fn is_empty(&self) -> bool {
        self.next.len() == 1
    }

    /// Whether any of the texts occurs in `text`.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut found = false;
        self.scan(text, |_, _| {
            found = true;
            false
        });
        found
    }

    /// Every place that is covered by a text, in order. Overlapping texts are one place.
    pub fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut all: Vec<Found> = Vec::new();
        self.scan(text, |end, nth| {
            let mut found = Found { at: end - self.lengths[nth] as usize..end, nth };
            // Ends only grow; a longer text may begin before what was found.
            while let Some(last) = all.pop_if(|last| found.at.start < last.at.end) {
                if last.at.start < found.at.start {
                    found = Found { at: last.at.start..end, nth: last.nth };
                }
            }
            all.push(found);
            true
        });
        all
    }

    fn add(&mut self, text: &[u8]) {
        let mut state = ROOT;
        for byte in text {
            let byte = (self.fold)(*byte);
            state = self.child(state, byte).unwrap_or_else(|| self.grow(state, byte));
        }
        self.lengths.push(number(text.len()));
        if state != ROOT && self.longest[state as usize] == 0 {
            self.longest[state as usize] = number(self.lengths.len());
        }
    }

    fn grow(&mut self, state: u32, byte: u8) -> u32 {
        let new = number(self.next.len());
        self.next.push(NONE);
        self.longest.push(0);
        match state {
            ROOT => self.first[usize::from(byte)] = new,
            last if last + 1 == new => self.next[last as usize] = u16::from(byte),
            other => {
                self.next[other as usize] |= BRANCHES;
                self.branches.insert((other, byte), new);
            }
        }
        new
    }

    fn child(&self, state: u32, byte: u8) -> Option<u32> {
        if state == ROOT {
            return Some(self.first[usize::from(byte)]).filter(|child| *child != ROOT);
        }
        let next = self.next[state as usize];
        if next & !BRANCHES == u16::from(byte) {
            return Some(state + 1);
        }
        if next & BRANCHES == 0 { None } else { self.branches.get(&(state, byte)).copied() }
    }

    fn children(&self, state: u32) -> impl Iterator<Item = (u8, u32)> {
        let next = u8::try_from(self.next[state as usize] & !BRANCHES).ok().map(|byte| (byte, state + 1));
        next.into_iter().chain(self.branches.range((state, 0)..=(state, u8::MAX)).map(|((_, byte), child)| (*byte, *child)))
    }

    /// Computes for each state where to go on if its next byte does not come, shorter states first. Returns how many states were visited:
    /// along one text at most twice its bytes, because each byte makes the matching end at most one byte longer.
    fn link(&mut self) -> usize {
        self.fail = vec![ROOT; self.next.len()];
        let mut looked_at = 0;
        let mut level: Vec<u32> = self.first.iter().copied().filter(|child| *child != ROOT).collect();
        while !level.is_empty() {
            let mut deeper = Vec::with_capacity(level.len());
            for state in level {
                for (byte, child) in self.children(state).collect::<Vec<_>>() {
                    let (fail, steps) = self.step(self.fail[state as usize], byte);
                    looked_at += steps;
                    self.fail[child as usize] = fail;
                    if self.longest[child as usize] == 0 {
                        self.longest[child as usize] = self.longest[fail as usize];
                    }
                    deeper.push(child);
                }
            }
            level = deeper;
        }
        looked_at
    }

    /// The state after one more byte, and how many states were visited.
    fn step(&self, mut state: u32, byte: u8) -> (u32, usize) {
        let mut looked_at = 1;
        loop {
            match self.child(state, byte) {
                Some(child) => return (child, looked_at),
                None if state == ROOT => return (ROOT, looked_at),
                None => state = self.fail[state as usize],
            }
            looked_at += 1;
        }
    }

    /// Reports each byte at which a text ends, and the longest text that does; `hit` returns whether to go on. Returns how many states were
    /// visited, at most two for each byte.
    fn scan(&self, text: &[u8], mut hit: impl FnMut(usize, usize) -> bool) -> usize {
        let (mut state, mut looked_at) = (ROOT, 0);
        for (at, byte) in text.iter().enumerate() {
            let (next, steps) = self.step(state, (self.fold)(*byte));
            state = next;
            looked_at += steps;
            let longest = self.longest[state as usize];
            if longest != 0 && !hit(at + 1, longest as usize - 1) {
                break;
            }
        }
        looked_at
    }
}

impl Drop for Search {
    /// Clears the bytes of the states, because the texts may be secrets.
    fn drop(&mut self) {
        self.next.zeroize();
        self.first.zeroize();
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("whoever searches bounds the texts far below four gigabytes")
}

#[cfg(test)]
mod tests;
