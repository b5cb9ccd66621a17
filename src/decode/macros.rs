//! The declarations that types of a profile are made by: what a type is read from stands once, and its reader follows.
//!
//! Not here: what is read. That is said where the macros are used, in `profile`, `catalog` and `texts`.

/// The key of a field: its own name, or the one given with `as`.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// Declares a section: a struct whose fields are the keys. A key that differs from its field is given with `as`. Keys that
/// it does not know are mistakes, unless it ends with `..` and a field that they are left in, for whoever knows them.
/// The comments are what editors show.
macro_rules! section {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $($(#[doc = $doc:literal])* $field:ident $(as $key:literal)? : $ty:ty,)*
        $(.. $(#[doc = $rest_doc:literal])* $rest:ident,)?
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            /// The bytes of the profile.
            pub span: std::ops::Range<usize>,
            $($(#[doc = $doc])* pub $field: $ty,)*
            $($(#[doc = $rest_doc])* pub $rest: $crate::yaml::Node,)?
        }

        impl $name {
            /// Its name among the definitions of a schema.
            pub const NAME: &'static str = stringify!($name);

            /// Its keys, in the order of the declaration.
            pub const KEYS: &'static [&'static str] = &[$($crate::decode::key!($field $($key)?)),*];

            /// Where keys are left that it does not know; nowhere if they are mistakes.
            const REST: &'static [&'static str] = &[$(stringify!($rest))?];

            /// The schemas of its keys.
            pub fn fields(definitions: &mut $crate::decode::schema::Definitions) -> $crate::decode::schema::Fields {
                let mut fields = $crate::decode::schema::Fields::default();
                $(fields.add::<$ty>($crate::decode::key!($field $($key)?), concat!($($doc),*), definitions);)*
                fields
            }
        }

        impl $crate::decode::Decode for $name {
            fn decode(
                node: &$crate::yaml::Node,
                reading: &mut $crate::decode::Reading<'_>,
            ) -> Option<Self> {
                let entries = reading.entries(node)?;
                if Self::REST.is_empty() {
                    reading.only(entries, Self::KEYS);
                }
                $(let $field = reading.field::<$ty>(node, $crate::decode::key!($field $($key)?));)*
                $(let $rest = $crate::decode::without(node, Self::KEYS);)?
                Some($name { span: node.span.clone(), $($field: $field?,)* $($rest,)? })
            }
            fn schema(definitions: &mut $crate::decode::schema::Definitions) -> serde_json::Value {
                Self::fields(definitions).object(concat!($($about),*), Self::REST.is_empty())
            }
            fn item_schema(definitions: &mut $crate::decode::schema::Definitions) -> serde_json::Value {
                definitions.shared(Self::NAME, <Self as $crate::decode::Decode>::schema)
            }
        }
    };
}

/// Declares a value that is one of a few words.
macro_rules! choice {
    ($(#[doc = $about:literal])* $(#[derive($($derive:path),*)])? $(#[serde($($serde:tt)*)])? pub enum $name:ident {
        $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $(#[derive($($derive),*)])?
        $(#[serde($($serde)*)])?
        pub enum $name { $($(#[doc = $doc])* $variant),* }

        impl $name {
            /// The word that the profile has for it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::decode::Decode for $name {
            const EXAMPLE: &'static str = [$($word),*][0];
            fn decode(
                node: &$crate::yaml::Node,
                reading: &mut $crate::decode::Reading<'_>,
            ) -> Option<Self> {
                let words = [$($word),*];
                let text = reading.text(node, words[0])?;
                match text {
                    $($word => Some($name::$variant),)*
                    _ => {
                        let hint = match $crate::problem::nearest(text, words) {
                            Some(word) => format!("did you mean `{word}`?"),
                            None => format!("one of: {}", words.join(", ")),
                        };
                        let says = format!("`{text}` is none of the values that this key takes");
                        reading.report($crate::problem::Code::UNKNOWN_VALUE, node.span.clone(), says, hint);
                        None
                    }
                }
            }
            fn schema(_: &mut $crate::decode::schema::Definitions) -> serde_json::Value {
                $crate::decode::schema::words(&[$(($word, concat!($($doc),*))),*])
            }
        }
    };
}

/// Declares a text with a rule: built once, where it is read, and right from then on. The expression behind `matching` is what
/// a schema says of the rule: every text that the rule takes must match it.
macro_rules! text {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident: $code:ident like $example:literal $(matching $pattern:literal)? by $rule:expr;
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// What a schema says of the rule, if an expression can say a part of it.
            pub const PATTERN: Option<&'static str> = [$(Some($pattern),)? None][0];

            /// Checks the rule, and brings the text into its one form.
            ///
            /// # Errors
            /// Why the text is refused, as a half sentence.
            pub fn parse(text: &str) -> Result<$name, String> {
                let rule: fn(&str) -> Result<String, String> = $rule;
                rule(text).map($name)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::decode::Decode for $name {
            const EXAMPLE: &'static str = $example;
            fn decode(
                node: &$crate::yaml::Node,
                reading: &mut $crate::decode::Reading<'_>,
            ) -> Option<Self> {
                let text = reading.text(node, $example)?;
                match $name::parse(text) {
                    Ok(value) => Some(value),
                    Err(why) => {
                        let hint = format!("write it like `{}`", $example);
                        reading.report($crate::problem::Code::$code, node.span.clone(), format!("`{text}` {why}"), hint);
                        None
                    }
                }
            }
            fn schema(_: &mut $crate::decode::schema::Definitions) -> serde_json::Value {
                // The example is as a profile writes it, and some have a part that nobody is to take over as it stands.
                let example = $example.trim_matches('"');
                let example = $name::parse(example).is_ok().then_some(example);
                $crate::decode::schema::text(concat!($($about),*), Self::PATTERN, example)
            }
        }
    };
}

pub(crate) use {choice, key, section, text};
