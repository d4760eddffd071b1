//! Our registrations with carriers: kept up while we serve, taken back before we stop, so that no call is sent to a
//! house that is about to close.

use super::center::Center;
use super::event::EventKind;
use crate::model::Moment;
use crate::sip::AccountId;

impl Center {
    /// Registers with every carrier that wants it.
    pub(super) fn register_trunks(&mut self, now: Moment) {
        for (trunk, account) in std::mem::take(&mut self.settings.trunk_accounts) {
            let id = self.sip.register(now, account);
            self.registrations.insert(id, trunk);
        }
    }

    /// Takes the registrations back.
    pub(super) fn unregister_trunks(&mut self, now: Moment) {
        let ids: Vec<AccountId> = self.registrations.keys().copied().collect();
        for id in ids {
            self.sip.unregister(now, id);
        }
    }

    pub(super) fn on_registration(&mut self, now: Moment, account: AccountId, ok: bool, status: u16) {
        if let Some(trunk) = self.registrations.get(&account).cloned() {
            self.event(now, None, EventKind::TrunkRegistration { trunk, ok, status });
        }
    }
}
