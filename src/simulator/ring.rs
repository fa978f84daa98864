//! A list with numbers and a limit: the oldest goes when a new one comes.

use std::collections::VecDeque;

pub(super) struct Ring<T> {
    items: VecDeque<(u64, T)>,
    next: u64,
    cap: usize,
}

impl<T> Ring<T> {
    pub(super) const fn new(cap: usize) -> Self {
        Self { items: VecDeque::new(), next: 1, cap }
    }

    /// Gives the number; the first is 1.
    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> T) -> u64 {
        let n = self.next;
        self.next += 1;
        if self.items.len() >= self.cap {
            self.items.pop_front();
        }
        self.items.push_back((n, make(n)));
        n
    }

    fn position(&self, n: u64) -> Option<usize> {
        let first = self.items.front()?.0;
        usize::try_from(n.checked_sub(first)?).ok()
    }

    pub(super) fn get(&self, n: u64) -> Option<&T> {
        self.items.get(self.position(n)?).map(|(_, item)| item)
    }

    pub(super) fn get_mut(&mut self, n: u64) -> Option<&mut T> {
        let position = self.position(n)?;
        self.items.get_mut(position).map(|(_, item)| item)
    }

    /// The number of the newest; 0 when there was none.
    pub(super) const fn last(&self) -> u64 {
        self.next - 1
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    pub(super) fn after(&self, n: u64) -> impl Iterator<Item = &T> {
        self.items.iter().filter(move |(at, _)| *at > n).map(|(_, item)| item)
    }

    /// Empties the list; the numbers go on.
    pub(super) fn clear(&mut self) {
        self.items.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_and_the_numbers_stay() {
        let mut ring = Ring::new(2);
        for word in ["a", "b", "c"] {
            ring.push(|_| word);
        }
        assert_eq!(ring.get(1), None);
        assert_eq!(ring.get(2), Some(&"b"));
        assert_eq!(ring.after(2).copied().collect::<Vec<_>>(), ["c"]);
        ring.clear();
        assert_eq!(ring.push(|_| "d"), 4);
        assert_eq!(ring.get(4), Some(&"d"));
    }
}
