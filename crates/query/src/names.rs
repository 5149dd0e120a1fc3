//! Names that a mistyped name may have meant.

/// At most this many names are offered.
const OFFERED: usize = 3;

/// Those of `names` that are like `name`, the likest first.
pub(crate) fn near<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let name = name.to_lowercase();
    let bound = name.chars().count() / 3 + 1;
    let mut likes: Vec<(usize, &str)> = names
        .into_iter()
        .map(|other| (distance(&name, &other.to_lowercase()), other))
        .filter(|(distance, other)| *distance <= bound || is_end_of(&name, other))
        .collect();
    likes.sort();
    likes.dedup();
    likes.into_iter().take(OFFERED).map(|(_, other)| other.to_owned()).collect()
}

/// True when `name` is the last step of the dotted name `other`: `status` of `http.status`.
fn is_end_of(name: &str, other: &str) -> bool {
    other.to_lowercase().strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

/// How many characters must be added, removed or replaced to come from one text to the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, right) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, near};

    #[test]
    fn counts_changed_characters() {
        for (one, other, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("peer", "pear", 1), ("ab", "ba", 2)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn offers_the_likest_names_first() {
        let names = ["message", "level", "http.status", "source", "peer", "lever"];
        assert_eq!(near("mesage", names), ["message"]);
        assert_eq!(near("LEVL", names), ["level", "lever"]);
        assert_eq!(near("status", names), ["http.status"]);
        assert!(near("entirely_else", names).is_empty());
    }
}
