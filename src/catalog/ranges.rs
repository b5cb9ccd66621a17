//! Ranges of versions, as catalog files write them: `>=2.5 <3`.

use semver::{Version, VersionReq};
use serde_json::Value;

use crate::decode::schema::{Definitions, text};
use crate::decode::{Decode, Reading};
use crate::problem::Code;
use crate::yaml::Node;

/// A range of versions. Missing numbers are zero; a pre-release counts as the version that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    text: String,
    requirement: VersionReq,
}

impl Range {
    /// Reads comparators, separated by blanks or commas; all must hold.
    ///
    /// # Errors
    /// Why it is no range.
    pub fn parse(text: &str) -> Result<Range, String> {
        let joined = text.split([' ', ',']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let requirement = VersionReq::parse(&joined).map_err(|error| error.to_string())?;
        Ok(Range { text: text.to_owned(), requirement })
    }

    /// Whether the version is in the range.
    pub fn holds(&self, version: &Version) -> bool {
        self.requirement.matches(&Version::new(version.major, version.minor, version.patch))
    }

    /// As the file writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Decode for Range {
    const EXAMPLE: &'static str = "\">=2.5 <3\"";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        let text = reading.text(node, Self::EXAMPLE)?;
        match Range::parse(text) {
            Ok(range) => Some(range),
            Err(why) => {
                let hint = format!("write it like {}", Self::EXAMPLE);
                reading.report(
                    Code::BAD_VERSION,
                    node.span.clone(),
                    format!("`{text}` is no range of versions: {why}"),
                    hint,
                );
                None
            }
        }
    }
    fn schema(_: &mut Definitions) -> Value {
        text("A range of versions: comparators that must all hold.", None, None)
    }
}
