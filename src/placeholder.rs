//! What stands for a blob in a message's JSON, in the one spelling that whoever writes it has and some who read it expect. No text
//! within a string can have it: its quotes would be escaped.

/// What stands before the blob's number.
pub(crate) const BEFORE_NUMBER: &str = r#"{"_placeholder":true,"num":"#;
/// What stands behind it.
pub(crate) const BEHIND_NUMBER: char = '}';

/// Appends the placeholder of the blob with this number.
pub(crate) fn put(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(format!("{BEFORE_NUMBER}{number}{BEHIND_NUMBER}").as_bytes());
}
