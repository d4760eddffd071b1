//! What callers and agents hear: a worker between simulated phones that speak tones, press keys and listen.

mod calls;
mod hostile;
mod keys;
mod prompts;
mod signs_of_life;
mod studio;
