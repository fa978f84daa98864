//! Tarjan's strongly connected components, without recursion: a flow may be as long as its file.

/// The components of a graph given by its successors. A component comes after all that it leads to.
pub(in crate::check) fn components(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        successors,
        index: vec![None; successors.len()],
        low: vec![0; successors.len()],
        on_stack: vec![false; successors.len()],
        stack: Vec::new(),
        next: 0,
        done: Vec::new(),
    };
    for root in 0..successors.len() {
        if search.index.get(root).copied().flatten().is_none() {
            search.from(root);
        }
    }
    search.done
}

struct Search<'s> {
    successors: &'s [Vec<usize>],
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    done: Vec<Vec<usize>>,
}

#[expect(clippy::indexing_slicing, reason = "nodes come from the graph's own successors, all below its length")]
impl Search<'_> {
    fn from(&mut self, root: usize) {
        // Each entry: a node and how many of its successors were looked at.
        let mut open = vec![(root, 0)];
        self.enter(root);
        while let Some((node, looked)) = open.pop() {
            match self.successors[node].get(looked) {
                Some(&to) if to < self.successors.len() => {
                    open.push((node, looked + 1));
                    match self.index[to] {
                        None => {
                            self.enter(to);
                            open.push((to, 0));
                        }
                        Some(index) if self.on_stack[to] => self.low[node] = self.low[node].min(index),
                        Some(_) => {}
                    }
                }
                Some(_) => open.push((node, looked + 1)),
                None => {
                    self.leave(node);
                    if let Some((above, _)) = open.last() {
                        self.low[*above] = self.low[*above].min(self.low[node]);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = Some(self.next);
        self.low[node] = self.next;
        self.next += 1;
        self.stack.push(node);
        self.on_stack[node] = true;
    }

    fn leave(&mut self, node: usize) {
        if Some(self.low[node]) != self.index[node] {
            return;
        }
        let mut component = Vec::new();
        while let Some(top) = self.stack.pop() {
            self.on_stack[top] = false;
            component.push(top);
            if top == node {
                break;
            }
        }
        component.sort_unstable();
        self.done.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn a_loop_is_one_component_and_comes_after_what_it_leads_to() {
        assert_eq!(components(&[vec![1], vec![2], vec![0, 3], vec![]]), [vec![3], vec![0, 1, 2]]);
        assert_eq!(components(&[vec![0]]), [vec![0]]);
        assert_eq!(components(&[vec![1], vec![]]), [vec![1], vec![0]]);
    }

    #[test]
    fn a_hundred_thousand_steps_in_a_row_need_no_deep_stack() {
        let line: Vec<Vec<usize>> = (1..=100_000).map(|next| if next < 100_000 { vec![next] } else { Vec::new() }).collect();
        assert_eq!(components(&line).len(), 100_000);
    }
}
