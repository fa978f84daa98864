//! The text format of Prometheus, version 0.0.4: families with their help and type, each sample on a line.

/// Grows family by family.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// What is measured: its name with its unit, and how its labels are called.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) help: &'static str,
}

impl Exposition {
    pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// One family; all its samples are handed in at once, as the format wants it.
    pub(super) fn family<'a>(&mut self, family: &Family, samples: impl IntoIterator<Item = (Vec<(&'a str, &'a str)>, f64)>) {
        self.begin(family);
        for (labels, value) in samples {
            self.sample(family.name, &labels, value);
        }
    }

    /// A family of one sample without labels.
    pub(super) fn single(&mut self, name: &'static str, kind: &'static str, help: &'static str, value: f64) {
        self.family(&Family { name, kind, help }, [(Vec::new(), value)]);
    }

    pub(super) fn begin(&mut self, family: &Family) {
        self.text.push_str(&format!("# HELP {0} {1}\n# TYPE {0} {2}\n", family.name, family.help, family.kind));
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.text.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            self.text.push_str(&format!("{{{}}}", labels.join(",")));
        }
        self.text.push_str(&format!(" {value}\n"));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_says_what_it_is_and_labels_cannot_break_out_of_their_quotes() {
        let mut text = Exposition::default();
        let family = Family { name: "rejoinder_things_total", kind: "counter", help: "Things." };
        text.family(&family, [(vec![("app", "a\"b\\c\nd"), ("kind", "x")], 3.0), (vec![], 0.25)]);
        text.single("rejoinder_age_seconds", "gauge", "Age.", 1.5);
        let expected = "# HELP rejoinder_things_total Things.\n# TYPE rejoinder_things_total counter\nrejoinder_things_total{app=\"a\\\"b\\\\c\\nd\",kind=\"x\"} 3\nrejoinder_things_total 0.25\n# HELP rejoinder_age_seconds Age.\n# TYPE rejoinder_age_seconds gauge\nrejoinder_age_seconds 1.5\n";
        assert_eq!(text.finish(), expected);
    }
}
