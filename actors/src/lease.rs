//! Something that is had for a while.

/// Is given back when it is dropped, wherever that is.
pub(crate) struct Lease(Option<Box<dyn FnOnce() + Send>>);

impl Lease {
    pub(crate) fn new(give_back: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(give_back)))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(give_back) = self.0.take() {
            give_back();
        }
    }
}
