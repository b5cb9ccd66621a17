//! A user's change to what fluxwright renders: an RFC 7386 merge or RFC 6902 operations, and the objects that it is for.

use crate::decode::{At, Mapping, Said, choice, section};
use crate::texts::{Name, ObjectName};

section! {
    /// Which objects a patch changes; what is not said is not asked.
    pub struct Target {
        /// Their kind.
        kind: At<String>,
        /// Their name.
        name: Option<ObjectName>,
        /// Their API group; empty for the core group.
        group: Option<String>,
        /// Their namespace.
        namespace: Option<Name>,
    }
}

choice! {
    /// The operations of RFC 6902.
    pub enum Operation {
        /// Adds a value, or replaces one.
        Add = "add",
        /// Removes a value.
        Remove = "remove",
        /// Replaces a value that is there.
        Replace = "replace",
        /// Moves a value.
        Move = "move",
        /// Copies a value.
        Copy = "copy",
        /// Fails unless the value is that.
        Test = "test",
    }
}

section! {
    /// One operation.
    pub struct Op {
        /// Which.
        op: Operation,
        /// Where: a JSON pointer.
        path: String,
        /// From where, for `move` and `copy`.
        from: Option<String>,
        /// The value, for `add`, `replace` and `test`.
        value: Said,
    }
}

section! {
    /// A change to rendered objects: `merge` or `ops`.
    pub struct Patch {
        /// Which objects.
        target: Target,
        /// An RFC 7386 merge patch.
        merge: Option<Mapping>,
        /// RFC 6902 operations.
        ops: Option<Vec<Op>>,
    }
}
