//! Spoken words: numbers, times, telephone numbers and announcements as rows of recorded clips, in Korean and English.
//! It never plays anything and never reads a file; it names the files and says what is spoken in each.

mod announcement;
mod directory;
mod english;
mod grammar;
mod korean;
mod money;
mod particle;
mod phrase;
#[cfg(test)]
mod reference;
mod sentence;
mod spelling;
mod vocabulary;

pub use announcement::{
    CallbackDay, WAIT_SAID_MAX, callback_confirmation, callback_promise, expected_wait, greeting, position, read_back,
    transfer_announcement, wait_announcement, wait_announcement_within,
};
pub use directory::{beep, directory_clip, text_clip};
pub use grammar::{Counter, count, date, date_with_year, duration, money, number, ordinal, time, weekday};
pub use money::{Currency, Money};
pub use particle::Particle;
pub use phrase::Phrase;
pub use sentence::sentence;
pub use spelling::{ZeroWord, digits, digits_with, phone_number, phone_number_with};
pub use vocabulary::vocabulary;
