//! How far each namespace's log has come through a courier, for encodings that tell tokens (decision 9).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use crate::{
    id::Token,
    letter::{Encodings, Letter},
};

/// The last letter of each namespace's log; empty where no encoding tells tokens.
#[derive(Default)]
pub(super) struct Watermarks(BTreeMap<Arc<str>, Token>);

impl Watermarks {
    /// A letter goes by: the mark of its namespace with it. Within an epoch a mark never sinks.
    pub(super) fn raise(&mut self, encodings: &Encodings, letter: &Letter) -> Option<Token> {
        if !encodings.tell_tokens() {
            return None;
        }
        match (self.0.entry(letter.namespace.clone()), letter.token) {
            (Entry::Vacant(entry), Some(token)) => Some(*entry.insert(token)),
            (Entry::Vacant(_), None) => None,
            (Entry::Occupied(mut entry), token) => {
                let mark = *entry.get();
                let newer = |token: &Token| token.epoch != mark.epoch || token.cursor > mark.cursor;
                if let Some(token) = token.filter(newer) {
                    entry.insert(token);
                }
                Some(*entry.get())
            }
        }
    }

    /// A letter goes by that is told again: it may be of an epoch that is over.
    pub(super) fn raise_again(&mut self, encodings: &Encodings, letter: &Letter) {
        let mark = self.0.get(&letter.namespace);
        let present = |token: Token| mark.is_none_or(|mark| mark.epoch == token.epoch);
        if letter.token.is_some_and(present) {
            self.raise(encodings, letter);
        }
    }

    /// The log of a namespace is gone with its thread.
    pub(super) fn forget(&mut self, namespace: &str) {
        self.0.remove(namespace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::MemoryAccount,
        id::Epoch,
        testing::{content, wire},
    };

    #[test]
    fn a_mark_rises_with_letters_of_the_log_and_begins_anew_with_an_epoch() {
        let (encodings, _) = wire::encodings(MemoryAccount::new(1 << 20, 1 << 20));
        let mut marks = Watermarks::default();
        let mut raise = |namespace: &str, token: Option<(u64, u64)>| {
            let token = token.map(|(epoch, cursor)| Token {
                epoch: Epoch(epoch),
                cursor,
            });
            let draft = crate::letter::Draft::new(content("say", ""), &encodings);
            let mark = marks.raise(&encodings, &draft.seal(namespace.into(), token));
            mark.map(|mark| (mark.epoch.0, mark.cursor))
        };
        assert_eq!(raise("/", None), None);
        assert_eq!(raise("/", Some((1, 5))), Some((1, 5)));
        assert_eq!(raise("/", None), Some((1, 5)));
        assert_eq!(raise("/", Some((1, 3))), Some((1, 5)), "told again");
        assert_eq!(raise("/a", None), None, "each namespace has its own");
        assert_eq!(raise("/", Some((2, 1))), Some((2, 1)));
        let again = |epoch, cursor| {
            let epoch = Epoch(epoch);
            let draft = crate::letter::Draft::new(content("say", ""), &encodings);
            draft.seal("/".into(), Some(Token { epoch, cursor }))
        };
        marks.raise_again(&encodings, &again(1, 9));
        assert_eq!(marks.0["/"].epoch, Epoch(2), "that epoch is over");
        marks.raise_again(&encodings, &again(2, 9));
        assert_eq!(marks.0["/"].cursor, 9);
    }
}
