// The live page: joins the stream and the drawing, owns the header (freshness, clock, pause, language, theme) and
// tells new trouble once. Decides nothing about calls.

import { Board } from './draw.js';
import { Stream } from './stream.js';
import { LANGUAGES, clockOf, day, language, preferred, say, speak, wallTime } from './words.js';

const TICK_MS = 500;
const ALERT_EVERY_MS = 10000;
const NOTICES_MAX = 5;
const THEMES = ['auto', 'light', 'dark', 'contrast'];

const find = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.board = new Board();
    this.frozen = null; // what is shown while paused: {picture, now}
    this.known = null; // trouble that has been told; nothing is told about a page that just opened
    this.notices = [];
    this.alertedAt = -Infinity;
    this.pendingAlert = null;
    this.stream = new Stream(() => this.draw());
    setInterval(() => this.draw(), TICK_MS);
    find('pause').addEventListener('click', () => this.pause());
    find('language').addEventListener('click', () => this.switchLanguage());
    find('theme').addEventListener('click', () => this.switchTheme());
    this.showTheme(stored('theme') ?? 'auto');
    this.labelControls();
    this.draw();
  }

  draw() {
    this.drawHeader();
    const picture = this.frozen?.picture ?? this.stream.picture;
    if (!picture) return;
    const acts = this.board.draw(picture, this.frozen?.now ?? this.timeShown());
    if (!this.frozen) this.tell(acts, picture);
    this.drawNotices(picture);
  }

  /** Timers stop with the connection: an age that goes on ticking would look alive. */
  timeShown() {
    const { picture } = this.stream;
    return this.stream.state() === 'live' ? Math.max(this.stream.now(), picture.unix_ms) : picture.unix_ms;
  }

  drawHeader() {
    const { picture } = this.stream;
    const state = this.stream.state();
    const zone = picture?.timezone;
    const time = picture ? wallTime(picture.unix_ms, zone) : '';
    find('pulse').dataset.state = this.frozen ? 'paused' : state;
    const lag = ((this.stream.lagMs ?? 0) / 1000).toFixed(1);
    put(find('pulse-text'), say(this.frozen ? 'paused' : state, { lag, time }));
    put(find('clock'), picture ? wallTime(this.stream.now(), zone) : '--:--:--');
    document.body.classList.toggle('stale', state === 'stale' || state === 'stuck');
    document.body.classList.toggle('paused', this.frozen !== null);
    this.drawBanner(state, time, picture);
    if (!picture) return;
    put(find('title'), picture.title);
    put(find('today'), day(this.stream.now(), zone));
    const waiting = picture.totals.waiting;
    const name = `${waiting > 0 ? `(${waiting}) ` : ''}${say('card.waiting')} · ${picture.title}`;
    if (document.title !== name) document.title = name;
  }

  drawBanner(state, time, picture) {
    let words = '';
    if (this.frozen) words = say('banner.paused', { age: clockOf(this.stream.now() - this.frozen.now) });
    else if (state === 'stale' || state === 'stuck') words = say(`banner.${state}`, { time });
    else if (picture?.draining) words = say('banner.draining', { calls: picture.calls_active });
    else if (picture && picture.totals.entered === 0 && picture.calls_active === 0) words = say('banner.first');
    const banner = find('banner');
    banner.hidden = words === '';
    banner.dataset.state = this.frozen ? 'paused' : state;
    // Seconds that tick inside a status region would be read aloud again and again.
    banner.setAttribute('aria-live', this.frozen ? 'off' : 'polite');
    put(banner, words);
  }

  /** New trouble joins the list; one sentence at most every ten seconds is spoken. */
  tell(acts, picture) {
    const now = new Set(acts.map(({ key }) => key));
    const fresh = this.known === null ? acts : acts.filter(({ key }) => !this.known.has(key));
    for (const { key, sentence } of fresh) {
      this.notices.unshift({ key, sentence, time: wallTime(this.stream.now(), picture.timezone) });
      if (this.known !== null) this.pendingAlert = { key, sentence };
    }
    this.notices.length = Math.min(this.notices.length, NOTICES_MAX);
    this.active = now;
    this.known = now;
    const due = Date.now() - this.alertedAt >= ALERT_EVERY_MS;
    if (this.pendingAlert && due) {
      if (now.has(this.pendingAlert.key)) {
        find('alert').textContent = this.pendingAlert.sentence;
        this.alertedAt = Date.now();
      }
      this.pendingAlert = null;
    }
  }

  drawNotices() {
    const list = find('notices');
    const wanted = this.notices.map(({ key, time, sentence }) => `${key}|${time}|${sentence}|${this.active?.has(key)}`);
    if (list.dataset.shown !== wanted.join('\n')) {
      list.dataset.shown = wanted.join('\n');
      list.replaceChildren(
        ...this.notices.map(({ key, time, sentence }) => {
          const item = document.createElement('li');
          const [when, what] = [document.createElement('time'), document.createElement('span')];
          item.dataset.over = String(!this.active?.has(key));
          when.textContent = time;
          what.textContent = sentence;
          item.append(when, what);
          return item;
        }),
      );
    }
    find('notices-empty').hidden = this.notices.length > 0;
    put(find('notices-empty'), this.notices.length > 0 ? '' : say('notices.empty'));
  }

  pause() {
    const { picture } = this.stream;
    this.frozen = this.frozen || !picture ? null : { picture, now: this.timeShown() };
    this.labelControls();
    this.draw();
  }

  async switchLanguage() {
    const next = LANGUAGES[(LANGUAGES.indexOf(language()) + 1) % LANGUAGES.length];
    await speak(next);
    const address = new URL(location.href);
    address.searchParams.set('lang', next);
    history.replaceState(null, '', address);
    this.notices = [];
    this.known = null;
    this.labelControls();
    this.draw();
  }

  switchTheme() {
    const now = document.documentElement.dataset.theme ?? 'auto';
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    store('theme', next);
    this.showTheme(next);
    this.labelControls();
  }

  showTheme(theme) {
    document.documentElement.dataset.theme = THEMES.includes(theme) ? theme : 'auto';
  }

  labelControls() {
    put(find('pause-text'), say(this.frozen ? 'resume' : 'pause'));
    find('pause').setAttribute('aria-pressed', String(this.frozen !== null));
    find('pause').querySelector('use').setAttribute('href', this.frozen ? '#icon-play' : '#icon-pause');
    put(find('theme-text'), say(`theme.${document.documentElement.dataset.theme}`));
    put(find('language'), say('other_language'));
    find('language').lang = language() === 'ko' ? 'en' : 'ko';
  }
}

function put(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/** Storage may be forbidden; the page works without. */
function stored(key) {
  try {
    return new URLSearchParams(location.search).get(key) ?? localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then the choice lasts as long as the page.
  }
}

await speak(preferred());
new Page();
