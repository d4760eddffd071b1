//! Sentences that the system itself speaks, whatever the flow: connecting, comfort, faults, closing, legal notices.
//! It never decides when one is due.

use crate::model::{Clip, Language};

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident, $key:literal, $korean:literal, $english:literal;)*) => {
        /// A sentence of the system, one clip in every language: `ko/system/connecting`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Phrase {
            $($(#[$doc])* $name,)*
        }

        impl Phrase {
            pub const ALL: [Phrase; [$($key),*].len()] = [$(Phrase::$name),*];

            /// The key of its file, and its words in Korean and English.
            fn words(self) -> (&'static str, &'static str, &'static str) {
                match self {
                    $(Phrase::$name => ($key, $korean, $english),)*
                }
            }
        }
    };
}

phrases! {
    /// Opens a greeting.
    Hello, "hello", "안녕하십니까?", "Hello.";
    /// Opens a greeting at the third ring or later.
    AnsweredLate, "answered-late", "늦게 받아 죄송합니다.", "Sorry to keep you waiting.";
    /// Opens a greeting when a colleague's call was picked up.
    PickedUp, "picked-up", "전화 당겨받았습니다.", "I am answering for a colleague.";
    /// A direct call that the server answers itself before the third ring, while it goes on looking.
    Connecting, "connecting", "담당자를 연결하고 있습니다.", "We are connecting you now.";
    PleaseWait, "please-wait", "잠시만 기다려 주십시오.", "One moment, please.";
    /// Every agent talks; said on entering a queue.
    AllBusy, "all-busy", "지금은 모든 상담사가 통화 중입니다.", "All of our agents are busy at the moment.";
    /// Between two stretches of music.
    Comfort, "comfort", "기다려 주셔서 감사합니다. 곧 상담사를 연결해 드리겠습니다.",
        "Thank you for waiting. We will be with you shortly.";
    /// An agent has answered and hears the caller next.
    AgentJoining, "agent-joining", "상담사를 연결해 드리겠습니다.", "You are now being connected to an agent.";
    /// The agent's line was lost; the caller keeps the place by age.
    AgentLost, "agent-lost", "상담사와의 통화가 끊어져 다른 상담사를 연결해 드리겠습니다.",
        "The agent's line was lost. We are connecting you to another agent.";
    QueueClosed, "queue-closed", "지금은 상담 시간이 아닙니다.", "Our office is closed.";
    /// The wait has passed what was promised.
    WaitTooLong, "wait-too-long", "오래 기다리시게 해 드려 죄송합니다.", "We are sorry for the long wait.";
    /// Offers to keep the caller's place while the caller hangs up. Key 1.
    CallbackOffer, "callback-offer", "전화를 끊고 순서가 되면 연락을 받으시려면 1번을 눌러 주십시오.",
        "To hang up and be called back when it is your turn, press 1.";
    InvalidKey, "invalid-key", "잘못 누르셨습니다.", "That is not a valid choice.";
    NoKey, "no-key", "누르신 번호가 없습니다.", "We did not receive a choice.";
    TryAgain, "try-again", "다시 눌러 주십시오.", "Please try again.";
    /// After keyed digits were said back. Keys 1 and 2.
    ConfirmKeyed, "confirm-keyed", "맞으면 1번, 다시 누르시려면 2번을 눌러 주십시오.",
        "If this is right, press 1. To enter it again, press 2.";
    /// Before the tone of a voice message.
    RecordAfterTone, "record-after-tone", "삐 소리 후 말씀해 주십시오.", "Please speak after the tone.";
    RecordSaved, "record-saved", "말씀하신 내용이 접수되었습니다.", "Your message has been received.";
    /// The transfer did not come about and the caller returns to whom they spoke with.
    TransferFailed, "transfer-failed", "지금은 연결되지 않아 처음 상담사에게 다시 연결합니다.",
        "That person cannot be reached right now. We are taking you back to the first agent.";
    /// The transfer did not come about, and whom the caller spoke with has left meanwhile.
    TransferLost, "transfer-lost", "지금은 연결되지 않아 다른 상담사를 연결해 드리겠습니다.",
        "That person cannot be reached right now. We are connecting you to another agent.";
    /// The dialled person is absent or busy and nobody stands in.
    PersonUnavailable, "person-unavailable", "지금은 담당자가 전화를 받을 수 없습니다.",
        "The person you called is not available right now.";
    UnknownNumber, "unknown-number", "지금 거신 번호는 없는 번호입니다.", "The number you have dialed is not in service.";
    TechnicalFault, "technical-fault", "죄송합니다. 일시적인 장애로 연결해 드릴 수 없습니다. 잠시 후 다시 걸어 주십시오.",
        "We are sorry. A technical problem keeps us from connecting your call. Please try again in a moment.";
    /// Too many callers, told to those who are turned away.
    TooManyCallers, "too-many-callers", "지금은 통화량이 많아 연결해 드릴 수 없습니다. 잠시 후 다시 걸어 주십시오.",
        "We are receiving too many calls to connect you. Please try again in a moment.";
    /// Korean civil-service centres record whole calls and must say so before an agent speaks.
    RecordingNotice, "recording-notice", "상담 내용은 서비스 향상을 위해 녹음됩니다.", "This call may be recorded.";
    /// Occupational Safety and Health Act of Korea, article 41.
    AbuseNotice, "abuse-notice", "산업안전보건법에 따라 상담사를 보호하고 있으니 폭언이나 욕설은 삼가 주십시오.",
        "Our agents are protected by law. Please treat them with respect.";
    /// Said when the agent marks abuse, before the call is ended.
    AbuseEnding, "abuse-ending", "폭언이 계속되어 상담을 종료하겠습니다.",
        "Because of abusive language, this call will now be ended.";
    /// Five minutes before the longest call is over.
    LimitNear, "limit-near", "권장 통화 시간이 오 분 남았습니다.", "You have five minutes left on this call.";
    LimitReached, "limit-reached", "권장 통화 시간이 지나 상담을 종료하겠습니다.",
        "The time for this call is over, and it will now be ended.";
    /// The feature codes' replies to an agent.
    LoggedIn, "logged-in", "로그인되었습니다.", "You are logged in.";
    LoggedOut, "logged-out", "로그아웃되었습니다.", "You are logged out.";
    Paused, "paused", "휴식으로 바꾸었습니다.", "You are on a break.";
    Resumed, "resumed", "상담 가능으로 바꾸었습니다.", "You are available.";
    /// A feature code dialled from a phone that is no agent's.
    NotAnAgent, "not-an-agent", "상담사 전화가 아닙니다.", "This is not an agent's phone.";
    /// A code that only an agent at work may dial.
    LogInFirst, "log-in-first", "먼저 로그인해 주십시오.", "Please log in first.";
    Closing, "closing", "감사합니다. 좋은 하루 되십시오.", "Thank you. Have a good day.";
}

impl Phrase {
    /// The clip that says it.
    #[must_use]
    pub fn clip(self, language: Language) -> Clip {
        let (key, korean, english) = self.words();
        let text = match language {
            Language::Korean => korean,
            Language::English => english,
        };
        Clip::new(&format!("{}/system/{key}", language.folder()), text)
    }
}

pub(super) fn words(language: Language) -> Vec<Clip> {
    Phrase::ALL.map(|phrase| phrase.clip(language)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charter_is_quoted_to_the_letter() {
        let korean = |phrase: Phrase| phrase.clip(Language::Korean).text;
        assert_eq!(&*korean(Phrase::Closing), "감사합니다. 좋은 하루 되십시오.");
        assert_eq!(&*korean(Phrase::AnsweredLate), "늦게 받아 죄송합니다.");
        assert_eq!(&*korean(Phrase::Connecting), "담당자를 연결하고 있습니다.");
        assert_eq!(&*korean(Phrase::TransferFailed), "지금은 연결되지 않아 처음 상담사에게 다시 연결합니다.");
        assert_eq!(Phrase::Closing.clip(Language::English).name.as_str(), "en/system/closing");
    }

    #[test]
    fn every_phrase_ends_as_a_sentence() {
        for language in Language::ALL {
            for phrase in Phrase::ALL {
                assert!(phrase.clip(language).text.ends_with(['.', '?']), "{phrase:?}");
            }
        }
    }
}
