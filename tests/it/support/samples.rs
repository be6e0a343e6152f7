//! Samples of `/metrics`, found by some of their labels.

/// What the samples of a family come to that have these labels; none where no sample has.
pub fn sum(text: &str, name: &str) -> Option<u64> {
    let (family, asked) = parted(name);
    let values = text.lines().filter_map(|line| {
        let (sample, value) = line.rsplit_once(' ')?;
        let (of, labels) = parted(sample);
        let has_all = asked.iter().all(|label| labels.contains(label));
        (of == family && has_all).then(|| value.parse::<u64>().unwrap())
    });
    values.reduce(|sum, value| sum + value)
}

fn parted(sample: &str) -> (&str, Vec<&str>) {
    let (family, labels) = sample.split_once('{').unwrap_or((sample, ""));
    let labels = labels.trim_end_matches('}').split(',');
    (family, labels.filter(|label| !label.is_empty()).collect())
}
