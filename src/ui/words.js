// Words and numbers in the reader's language: texts by key, times as people read them. Draws nothing.

let texts = {};
let tag = 'ko';

/** The languages that have a file in `locales`. */
export const LANGUAGES = ['ko', 'en'];

/** What the page was asked for, else what the browser prefers, else Korean. */
export function preferred() {
  const asked = new URLSearchParams(location.search).get('lang');
  const wishes = [asked, ...(navigator.languages ?? [navigator.language])];
  for (const wish of wishes) {
    const base = (wish ?? '').slice(0, 2).toLowerCase();
    if (LANGUAGES.includes(base)) return base;
  }
  return 'ko';
}

/** Loads a language and marks the page with it. */
export async function speak(language) {
  const answer = await fetch(`/ui/locales/${language}.json`);
  if (!answer.ok) throw new Error(`no texts for ${language}`);
  texts = await answer.json();
  tag = language;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = say(element.dataset.text);
  }
}

export const language = () => tag;

/** The text of `key` with `{name}` replaced from `values`. */
export function say(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text of `key`, or `otherwise` where nobody wrote one: reasons and promises may be anything. */
export const sayOr = (key, otherwise) => texts[key] ?? otherwise;

/** `4:12`, `1:04:12`; never negative. */
export function clockOf(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const pad = (number) => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** `86.2`, without the sign: the sign is drawn smaller. A whole hundred stays short. */
export function percent(share) {
  if (share === null || share === undefined) return null;
  const value = share * 100;
  return value >= 99.95 ? '100' : value.toFixed(1);
}

export const count = (number) => new Intl.NumberFormat(tag).format(number);

const formats = new Map();

/** The wall time in the centre's zone. */
export function wallTime(unixMs, timeZone) {
  const key = `${tag} ${timeZone}`;
  if (!formats.has(key)) {
    const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone };
    formats.set(key, new Intl.DateTimeFormat(tag, parts));
  }
  return formats.get(key).format(new Date(unixMs));
}

/** The day in the centre's zone: `3월 4일 수요일`. */
export function day(unixMs, timeZone) {
  const parts = { month: 'long', day: 'numeric', weekday: 'long', timeZone };
  return new Intl.DateTimeFormat(tag, parts).format(new Date(unixMs));
}
