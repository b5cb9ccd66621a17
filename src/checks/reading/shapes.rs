//! The shapes of names, labels and keys that Kubernetes takes.
//!
//! In: a text. Out: what is wrong with it, as the end of a sentence. Source: kubernetes/apimachinery pkg/util/validation/validation.go
//! and pkg/api/validation/objectmeta.go.

/// A shape.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many characters fit.
    pub most: usize,
    /// Which characters do.
    signs: fn(char) -> bool,
    /// The same in words.
    said: &'static str,
    /// Those with which it may begin and end.
    ends: fn(char) -> bool,
    /// Whether each part between points has to begin and end so.
    parts: bool,
}

/// A DNS label: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`.
pub const LABEL: Shape = Shape {
    most: 63,
    signs: |sign| is_small(sign) || sign == '-',
    said: "a-z, 0-9 and `-`",
    ends: is_small,
    parts: false,
};

/// A DNS subdomain: labels with points between them.
pub const SUBDOMAIN: Shape = Shape {
    most: 253,
    signs: |sign| is_small(sign) || matches!(sign, '-' | '.'),
    said: "a-z, 0-9, `-` and `.`",
    ends: is_small,
    parts: true,
};

/// The value of a label, and the name in the key of a label or annotation.
pub const LABEL_VALUE: Shape = Shape {
    most: 63,
    signs: |sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.'),
    said: "letters, digits, `-`, `_` and `.`",
    ends: |sign| sign.is_ascii_alphanumeric(),
    parts: false,
};

/// A key in the data of a ConfigMap or Secret.
pub const DATA_KEY: Shape = Shape {
    most: 253,
    signs: |sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.'),
    said: "letters, digits, `-`, `_` and `.`",
    ends: |_| true,
    parts: false,
};

fn is_small(sign: char) -> bool {
    sign.is_ascii_lowercase() || sign.is_ascii_digit()
}

impl Shape {
    /// The same with another length.
    pub const fn of_at_most(self, most: usize) -> Shape {
        Shape { most, ..self }
    }

    /// What is wrong with a text; nothing if it fits.
    pub fn wrong(&self, text: &str) -> Option<String> {
        let length = text.chars().count();
        if length > self.most {
            return Some(format!("has {length} characters, and at most {} are taken", self.most));
        }
        if let Some(sign) = text.chars().find(|sign| !(self.signs)(*sign)) {
            return Some(format!("has `{}`, and only {} are taken", sign.escape_debug(), self.said));
        }
        let ends =
            |part: &str| part.chars().next().is_some_and(self.ends) && part.chars().next_back().is_some_and(self.ends);
        let whole = if self.parts { text.split('.').all(ends) } else { ends(text) };
        (!whole).then(|| "has to begin and end with a letter or a digit".to_owned())
    }

    /// The nearest text that fits, if cutting and replacing signs is all that it takes.
    pub fn nearest(&self, text: &str) -> Option<String> {
        let sign = |sign: char| {
            let small = sign.to_ascii_lowercase();
            [sign, small].into_iter().find(|sign| (self.signs)(*sign)).unwrap_or('-')
        };
        let near: String = text.chars().map(sign).collect();
        let near = near.trim_matches(['-', '.', '_']).to_owned();
        self.wrong(&near).is_none().then_some(near)
    }
}

/// What is wrong with the key of a label or annotation: `[prefix/]name`.
pub fn wrong_key(key: &str) -> Option<String> {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix = prefix.and_then(|prefix| SUBDOMAIN.wrong(prefix)).map(|wrong| format!("has a prefix that {wrong}"));
    prefix.or_else(|| LABEL_VALUE.wrong(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_takes_fits() {
        for (shape, good, bad) in [
            (LABEL, "a-1", "a.b"),
            (LABEL, "1", "-a"),
            (SUBDOMAIN, "a.b-c", "a..b"),
            (SUBDOMAIN, "1.2", "A"),
            (LABEL_VALUE, "A_b.c", "a/b"),
            (DATA_KEY, "_a", "a b"),
        ] {
            assert_eq!((shape.wrong(good), shape.wrong(bad).is_some()), (None, true), "{good} {bad}");
        }
        assert!(LABEL.wrong(&"a".repeat(64)).is_some() && LABEL.wrong("").is_some());
        assert_eq!(SUBDOMAIN.nearest("My_App").as_deref(), Some("my-app"));
        assert!(
            wrong_key("example.com/Name").is_none() && wrong_key("a/b/c").is_some() && wrong_key("A.b/c").is_some()
        );
    }
}
