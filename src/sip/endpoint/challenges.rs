//! Challenges that our own requests meet: answered for the peer they were meant for, and not for ever.
//! Never answers one from elsewhere; stops after two tries. RFC 3261 22.2, 22.3, RFC 7616, RFC 8760.

use super::clients::{Asker, ClientId, Reply};
use super::doors::Endpoint;
use crate::model::Moment;
use crate::sip::digest::{authorize, choose};
use crate::sip::header_name::HeaderName;
use crate::sip::session::Login;

impl Endpoint {
    /// Sends the request again with credentials for this challenge: at most twice, the second time only when the first
    /// nonce was too old, and only for the peer that the request was meant for (22.2, 22.3).
    pub(super) fn answer_challenge(
        &mut self,
        now: Moment,
        id: ClientId,
        reply: Reply<'_>,
        login: Option<&Login>,
        cseq: Option<u32>,
    ) -> Option<ClientId> {
        let (asked, shown) = match reply.status {
            401 => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
            407 => (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
            _ => return None,
        };
        let (message, login) = (reply.message?, login?);
        let challenges = message.challenges(&asked);
        let challenge = choose(&challenges)?;
        let client = self.clients.get(id)?;
        let meant = reply.flow.remote.ip() == client.flow.remote.ip();
        if !meant || client.tries >= CHALLENGES_MAX || client.tries > 0 && !challenge.stale {
            return None;
        }
        let (mut draft, flow, asker, tries) =
            (client.draft.clone(), client.flow, client.asker.clone(), client.tries + 1);
        draft.cseq = cseq.unwrap_or(draft.cseq + 1);
        let client_nonce = self.random.client_nonce();
        let secret = (login.user.as_str(), login.password.as_str());
        let uri = draft.uri.to_bytes();
        let credentials = authorize(challenge, secret, &draft.method, &uri, &client_nonce, 1);
        draft.set_credentials(shown, credentials.to_bytes());
        let may_switch = matches!(asker, Asker::Call(_));
        let next = self.send_request_sized(now, draft, flow, asker, may_switch);
        if let Some(client) = self.clients.get_mut(next) {
            client.tries = tries;
        }
        Some(next)
    }
}

/// Challenges answered for one request.
const CHALLENGES_MAX: u32 = 2;
