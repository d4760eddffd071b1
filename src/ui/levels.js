// When a number is good, to be watched or to be acted upon. The limits come from the server with each snapshot;
// nothing is decided here but which side of a limit a number lies on.

/** Worst last, so that levels can be compared. */
export const LEVELS = ['calm', 'good', 'watch', 'act'];

export const worst = (...levels) => levels.reduce((a, b) => (LEVELS.indexOf(b) > LEVELS.indexOf(a) ? b : a), 'calm');

export function waiting(callers, ready, limits) {
  if (callers === 0) return 'good';
  if (callers > limits.waiting_red_factor * ready + 3) return 'act';
  return callers > ready ? 'watch' : 'good';
}

/** `ageMs` is null when nobody waits. */
export function wait(ageMs, maxMs, limits) {
  if (ageMs === null) return 'good';
  if (maxMs && ageMs >= maxMs) return 'act';
  return ageMs >= limits.wait_amber_ms ? 'watch' : 'good';
}

/** A share of which more is better; null while there is nothing to divide. */
export function share(value, green, red) {
  if (value === null || value === undefined) return 'calm';
  if (value < red) return 'act';
  return value < green ? 'watch' : 'good';
}

/** A share of which less is better. */
export function loss(value, green, red) {
  if (value === null || value === undefined) return 'calm';
  if (value > red) return 'act';
  return value > green ? 'watch' : 'good';
}

/** An agent's level, and the reason for it as a text key. */
export function agent(tile, ageMs, limits) {
  if (tile.missed_in_a_row >= limits.misses_red) return { level: 'act', why: 'agents.missed' };
  if (tile.state !== 'offline' && !tile.phone_registered) return { level: 'act', why: 'agents.no_phone' };
  if (tile.state === 'talking' && ageMs >= limits.long_call_red_ms) return { level: 'act', why: 'agents.long_call' };
  if (tile.state === 'talking' && ageMs >= limits.long_call_amber_ms) return { level: 'watch', why: 'agents.long_call' };
  if (tile.state === 'ringing' && ageMs >= RING_MS) return { level: 'watch', why: null };
  if (tile.missed_in_a_row > 0) return { level: 'watch', why: 'agents.missed' };
  return { level: tile.state === 'offline' || tile.state === 'away' ? 'calm' : 'good', why: null };
}

/** A ring every three seconds (Korea: one second on, two off); the third is the one that must not begin. */
export const RING_MS = 3000;

export const ringOf = (ageMs) => Math.floor(Math.max(0, ageMs) / RING_MS) + 1;
