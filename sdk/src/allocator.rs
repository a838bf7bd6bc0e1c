//! A plugin's memory: an arena that is there from the start, then memory that the standard allocator requests from the host.
//!
//! Each call is a fresh instance, so the standard allocator would ask for memory in every call. Growing a memory, and shrinking it again
//! for the next instance, changes the host's page tables under all of its threads: for a usual call that costs more than the call's
//! own work. The arena here is part of the memory that a component declares, and a usual call never needs more.
//!
//! The arena hands out its bytes one after another and takes back only the last piece, because all of it is released when the call ends.
//! Allocations that do not fit go to the standard allocator, which reuses freed memory; so a long call that allocates and frees often stays small.
//! The host's limits apply unchanged: the arena counts as declared memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// The size is several times what an update of a few packages needs, and a fraction of the stack of every instance. With threads the allocator
/// would have data races; wasm has threads only if the target feature `atomics` is enabled.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: Arena<{ 256 << 10 }> = Arena::new();

#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[allow(unsafe_code, reason = "this target has one thread, so that no two use the arena")]
unsafe impl<const BYTES: usize> Sync for Arena<BYTES> {}

/// An allocator with an arena of `BYTES` bytes.
#[repr(align(16))]
struct Arena<const BYTES: usize> {
    bytes: UnsafeCell<[u8; BYTES]>,
    used: Cell<usize>,
}

impl<const BYTES: usize> Arena<BYTES> {
    const fn new() -> Self {
        Arena { bytes: UnsafeCell::new([0; BYTES]), used: Cell::new(0) }
    }

    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }

    /// The next bytes of the arena; `None` if too few are left.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let start = self.start();
        let next = start.wrapping_add(self.used.get());
        let from = self.used.get() + next.align_offset(layout.align());
        let to = from.checked_add(layout.size()).filter(|to| *to <= BYTES)?;
        self.used.set(to);
        Some(start.wrapping_add(from))
    }

    /// The offset at which a piece begins in the arena; `None` if the piece is not from the arena.
    fn place(&self, piece: *mut u8) -> Option<usize> {
        piece.addr().checked_sub(self.start().addr()).filter(|place| *place < BYTES)
    }

    /// Resizes a piece in place. Returns whether that was possible.
    fn resize(&self, place: usize, size: usize, new_size: usize) -> bool {
        if place + size != self.used.get() {
            return new_size <= size;
        }
        let fits = new_size <= BYTES - place;
        if fits {
            self.used.set(place + new_size);
        }
        fits
    }
}

#[allow(unsafe_code, reason = "an allocator is raw memory; the pieces that it hands out lie in the arena and do not overlap")]
unsafe impl<const BYTES: usize> GlobalAlloc for Arena<BYTES> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller meets the requirements of `alloc`, here and below.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(piece) = self.take(layout) else { return unsafe { System.alloc_zeroed(layout) } };
        // SAFETY: the piece has this size. Zeroes are written because the bytes may have been used before.
        unsafe { piece.write_bytes(0, layout.size()) };
        piece
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        match self.place(piece) {
            Some(place) => {
                self.resize(place, layout.size(), 0);
            }
            // SAFETY: a piece outside the arena came from the standard allocator.
            None => unsafe { System.dealloc(piece, layout) },
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: a piece outside the arena came from the standard allocator.
        let Some(place) = self.place(piece) else { return unsafe { System.realloc(piece, layout, new_size) } };
        if self.resize(place, layout.size(), new_size) {
            return piece;
        }
        // SAFETY: the caller promises that the new size is valid with this alignment. The new piece is separate from the old one, and larger.
        unsafe {
            let larger = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !larger.is_null() {
                larger.copy_from_nonoverlapping(piece, layout.size());
            }
            larger
        }
    }
}

#[cfg(test)]
#[allow(unsafe_code, reason = "an allocator is called so")]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("a power of two")
    }

    /// Allocates a piece and returns its offset in the arena.
    fn take<const BYTES: usize>(arena: &Arena<BYTES>, size: usize, align: usize) -> (*mut u8, Option<usize>) {
        let piece = unsafe { arena.alloc(layout(size, align)) };
        assert!(!piece.is_null() && piece.addr().is_multiple_of(align), "{size} bytes at {align}");
        // Writing to the piece lets memory checkers report an invalid one.
        unsafe { piece.write_bytes(0xa5, size) };
        (piece, arena.place(piece))
    }

    #[test]
    fn pieces_follow_each_other_as_aligned_as_they_are_asked_for() {
        let arena = Arena::<256>::new();
        assert_eq!(
            [(1, 1), (1, 1), (4, 4), (8, 8), (3, 1), (16, 16)].map(|(size, align)| take(&arena, size, align).1),
            [Some(0), Some(1), Some(4), Some(8), Some(16), Some(32)]
        );
    }

    #[test]
    fn the_last_byte_is_used_and_what_does_not_fit_is_the_standard_allocators() {
        let arena = Arena::<64>::new();
        assert_eq!(take(&arena, 48, 1).1, Some(0));
        let (large, place) = take(&arena, 17, 1);
        assert_eq!(place, None, "one byte too many");
        assert_eq!(take(&arena, 16, 1).1, Some(48));
        let (small, place) = take(&arena, 1, 1);
        assert_eq!(place, None, "it is full");
        unsafe {
            let large = arena.realloc(large, layout(17, 1), 4000);
            assert_eq!((arena.place(large), *large.add(16)), (None, 0xa5));
            arena.dealloc(large, layout(4000, 1));
            arena.dealloc(small, layout(1, 1));
            let zeroed = arena.alloc_zeroed(layout(100, 8));
            assert_eq!((arena.place(zeroed), *zeroed.add(99)), (None, 0));
            arena.dealloc(zeroed, layout(100, 8));
        }
    }

    #[test]
    fn the_last_piece_is_taken_back_and_comes_again_as_zeros_where_they_are_asked_for() {
        let arena = Arena::<64>::new();
        let (first, _) = take(&arena, 8, 1);
        let (last, _) = take(&arena, 8, 1);
        unsafe {
            arena.dealloc(first, layout(8, 1));
            assert_eq!(arena.used.get(), 16, "it is not the last");
            arena.dealloc(last, layout(8, 1));
            assert_eq!(arena.used.get(), 8);
            let again = arena.alloc_zeroed(layout(8, 1));
            assert_eq!((again, std::slice::from_raw_parts(again, 8)), (last, &[0; 8][..]));
        }
    }

    #[test]
    fn a_piece_grows_where_it_is_if_it_is_the_last_and_moves_with_its_bytes_if_not() {
        let arena = Arena::<64>::new();
        let (first, _) = take(&arena, 8, 4);
        unsafe {
            assert_eq!((arena.realloc(first, layout(8, 4), 24), arena.used.get()), (first, 24));
            let (second, _) = take(&arena, 8, 4);
            assert_eq!((arena.realloc(first, layout(24, 4), 20), arena.used.get()), (first, 32), "smaller is always possible");
            first.write_bytes(7, 20);
            let moved = arena.realloc(first, layout(20, 4), 28);
            assert_eq!((arena.place(moved), arena.used.get()), (Some(32), 60));
            assert_eq!((*moved.add(19), *second), (7, 0xa5));
            assert_eq!((arena.realloc(moved, layout(28, 4), 32), arena.used.get()), (moved, 64), "to the last byte");
            let out = arena.realloc(moved, layout(32, 4), 36);
            assert_eq!((arena.place(out), *out.add(19)), (None, 7), "and no further");
            arena.dealloc(out, layout(36, 4));
        }
    }

    #[test]
    fn a_size_that_no_memory_has_is_refused() {
        let arena = Arena::<64>::new();
        take(&arena, 8, 1);
        assert_eq!(arena.take(layout(isize::MAX as usize, 1)), None);
        assert_eq!(arena.used.get(), 8);
    }
}
