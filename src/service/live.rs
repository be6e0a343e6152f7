//! Settings that a hub takes while it runs.

use super::Dondo;
use super::parts::{account_rates, address_rates, door_limits, session_rates};
use crate::config::Settings;

impl Dondo {
    /// Takes from `settings` those that are live, see `Setting::is_live`. They hold at once, for who is here, too; nobody is closed
    /// for them.
    #[doc(hidden)]
    pub fn take_live(&self, settings: &Settings) {
        self.doors.change_limits(door_limits(settings));
        let of_addresses = &self.doors.settings().address_rates;
        of_addresses.change(&address_rates(settings));
        let of_accounts = self.doors.moderation().accounts().rates();
        of_accounts.change(&account_rates(settings));
        for entrance in self.entrances.iter() {
            let of_sessions = &entrance.options().session.rates;
            of_sessions.change(&session_rates(settings));
        }
    }
}
