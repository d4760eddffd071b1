// Draws a picture: cards, queues, agents, promises. Every call draws everything and touches only what differs, so a
// tick of the clock and a change from the server are the same thing. Knows no stream and no connection.

import * as levels from './levels.js';
import { clockOf, count, percent, say, sayOr } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const CARDS = ['waiting', 'oldest', 'service_level', 'answer_rate', 'abandon_rate', 'talking'];
const STATES = ['talking', 'available', 'ringing', 'wrapup', 'away', 'offline'];
const STATE_ORDER = ['ringing', 'talking', 'wrapup', 'available', 'away', 'offline'];
const STATE_INDEX = { offline: 0, away: 1, available: 2, ringing: 3, talking: 4, wrapup: 5 };

const find = (id) => document.getElementById(id);

/** An element with a class and children; text children are text, never markup. */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'use'));
  swapIcon(svg, name);
  return svg;
}

function swapIcon(svg, name) {
  const href = `#icon-${name}`;
  if (svg.firstChild.getAttribute('href') !== href) svg.firstChild.setAttribute('href', href);
}

/** Sets text only where it differs: an untouched node costs no layout and keeps a selection. */
function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function data(element, key, value) {
  if (element.dataset[key] !== value) element.dataset[key] = value;
}

function place(element, name, value) {
  const rounded = String(Math.round(value * 1000) / 1000);
  if (element.style.getPropertyValue(name) !== rounded) element.style.setProperty(name, rounded);
}

/** Colour, icon and word, always all three. */
function badge() {
  const element = make('span', 'badge', icon('calm'), make('span', 'word'));
  return {
    element,
    show(level) {
      data(element, 'level', level);
      swapIcon(element.firstChild, level);
      text(element.lastChild, say(`level.${level}`));
    },
  };
}

/** Keeps one part per key inside `parent`, behind `head`, in the order of the items. */
class Keyed {
  constructor(parent, create, head = null) {
    this.parent = parent;
    this.create = create;
    this.head = head;
    this.parts = new Map();
  }

  show(items, keyOf, draw) {
    const seen = new Set();
    let before = this.head;
    for (const item of items) {
      const key = keyOf(item);
      seen.add(key);
      if (!this.parts.has(key)) this.parts.set(key, this.create(item));
      const part = this.parts.get(key);
      draw(part, item);
      const next = before ? before.nextElementSibling : this.parent.firstElementChild;
      // Moving a node would take the focus away: only those that are out of place move.
      if (next !== part.element) this.parent.insertBefore(part.element, next);
      before = part.element;
    }
    for (const [key, part] of this.parts) {
      if (!seen.has(key)) {
        part.element.remove();
        this.parts.delete(key);
      }
    }
  }
}

/** The whole page below its header. */
export class Board {
  constructor() {
    this.cards = new Keyed(document.querySelector('.cards'), card);
    this.queues = new Keyed(find('queues'), queueRows, find('queues').tHead);
    this.states = new Keyed(find('states'), stateCount);
    this.agents = new Keyed(find('agents'), agentTile);
    this.promises = new Keyed(find('promises'), promiseRow);
  }

  /** Draws `picture` as of the server's time `now`; returns what needs action, as `{key, sentence}`. */
  draw(picture, now) {
    const acts = [];
    const limits = picture.thresholds;
    this.cards.show(cardFacts(picture, now), (fact) => fact.name, drawCard);
    this.drawQueues(picture, now, acts);
    this.drawAgents(picture, now, acts);
    this.promises.show(picture.promises, (promise) => promise.promise, (row, promise) => {
      if (drawPromise(row, promise, limits) === 'act') {
        const name = sayOr(`promise.${promise.promise}`, promise.promise);
        acts.push(act(`promise ${promise.promise}`, 'notice.promise', { promise: name, share: percent(promise.kept) }));
      }
    });
    return acts;
  }

  drawQueues(picture, now, acts) {
    const limits = picture.thresholds;
    const names = new Map(picture.agents.map((agent) => [agent.name, agent.display_name]));
    this.queues.show(picture.queues, (queue) => queue.name, (rows, queue) => {
      const found = drawQueue(rows, queue, now, limits, names);
      const values = { queue: queue.title, count: queue.waiting.length, share: percent(queue.service_level) };
      if (found.wait === 'act') {
        acts.push(act(`wait ${queue.name}`, 'notice.queue_wait', { ...values, max: clockOf(queue.max_wait_ms) }));
      }
      if (found.waiting === 'act') acts.push(act(`waiting ${queue.name}`, 'notice.queue_waiting', values));
      if (found.serviceLevel === 'act') acts.push(act(`level ${queue.name}`, 'notice.service_level', values));
    });
    const promised = new Set(picture.queues.map((queue) => queue.max_wait_ms));
    text(find('flow-end'), promised.size === 1 ? clockOf([...promised][0]) : '');
    empty('queues-empty', picture.queues.length === 0, 'queues.empty');
  }

  drawAgents(picture, now, acts) {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
    const ranked = picture.agents.map((tile) => {
      counts[tile.state] += 1;
      return { tile, age: now - tile.since_ms, ...levels.agent(tile, now - tile.since_ms, picture.thresholds) };
    });
    const rank = ({ level, tile }) => (level === 'act' ? 0 : level === 'watch' ? 1 : 2 + STATE_ORDER.indexOf(tile.state));
    ranked.sort((a, b) => rank(a) - rank(b) || a.tile.display_name.localeCompare(b.tile.display_name));
    const titles = new Map(picture.queues.map((queue) => [queue.name, queue.title]));
    this.agents.show(ranked, ({ tile }) => tile.name, (part, agent) => {
      drawAgent(part, agent, titles);
      if (agent.level === 'act') {
        const values = { agent: agent.tile.display_name, count: agent.tile.missed_in_a_row };
        acts.push(act(`${agent.why} ${agent.tile.name}`, `notice.${agent.why}`, values));
      }
    });
    this.states.show(STATES, (state) => state, (part, state) => {
      text(part.word, say(`state.${state}`));
      text(part.number, count(counts[state]));
      data(part.element, 'none', String(counts[state] === 0));
    });
    empty('agents-empty', picture.agents.length === 0, 'agents.empty');
  }
}

const act = (key, sentence, values) => ({ key, sentence: say(sentence, values) });

function empty(id, isEmpty, key) {
  const element = find(id);
  element.hidden = !isEmpty;
  text(element, isEmpty ? say(key) : '');
}

// --- cards -----------------------------------------------------------------------------------------------------------

function cardFacts({ totals, thresholds: limits, agents, calls_active: calls }, now) {
  const oldest = totals.oldest_since_ms === null ? null : now - totals.oldest_since_ms;
  const staffed = agents.filter((agent) => agent.state !== 'offline').length;
  const whole = (ratio) => String(Math.round(ratio * 100));
  const target = totals.target_ratio ?? limits.service_level_green;
  const known = totals.target_ratio !== null && totals.target_ms !== null;
  const maxWait = totals.max_wait_ms;
  const facts = {
    waiting: {
      figure: count(totals.waiting),
      level: levels.waiting(totals.waiting, totals.ready, limits),
      fill: totals.waiting / Math.max(1, totals.waiting, limits.waiting_red_factor * totals.ready + 3),
      note: say('card.waiting.note', { ready: totals.ready }),
    },
    oldest: {
      figure: oldest === null ? '–' : clockOf(oldest),
      level: levels.wait(oldest, maxWait, limits),
      fill: oldest === null || !maxWait ? 0 : oldest / maxWait,
      note: oldest === null ? say('card.oldest.none') : maxWait ? say('card.oldest.note', { max: clockOf(maxWait) }) : '',
    },
    service_level: {
      figure: percent(totals.service_level),
      level: levels.share(totals.service_level, target, limits.service_level_red),
      fill: totals.service_level,
      mark: target,
      note: known
        ? say('card.service_level.note', { target: whole(target), secs: totals.target_ms / 1000 })
        : agents.length > 0 && totals.entered > 0 ? say('card.service_level.mixed') : '',
    },
    answer_rate: {
      figure: percent(totals.answer_rate),
      level: levels.share(totals.answer_rate, limits.answer_rate_green, limits.answer_rate_red),
      fill: totals.answer_rate,
      mark: limits.answer_rate_green,
      note: say('card.answer_rate.note', { answered: count(totals.answered), target: whole(limits.answer_rate_green) }),
    },
    abandon_rate: {
      figure: percent(totals.abandon_rate),
      level: levels.loss(totals.abandon_rate, limits.abandon_rate_green, limits.abandon_rate_red),
      fill: (totals.abandon_rate ?? 0) / (2 * limits.abandon_rate_red),
      mark: limits.abandon_rate_green / (2 * limits.abandon_rate_red),
      note: say('card.abandon_rate.note', {
        abandoned: count(totals.abandoned),
        target: whole(limits.abandon_rate_green),
      }),
    },
    talking: {
      figure: count(totals.talking),
      level: null,
      fill: totals.talking / Math.max(1, staffed),
      note: say('card.talking.note', { staffed: count(staffed), calls: count(calls) }),
    },
  };
  return CARDS.map((name) => ({ name, ...facts[name] }));
}

function card({ name }) {
  const label = make('span', 'label');
  const status = badge();
  const [figure, unit] = [make('span', 'figure'), make('span', 'unit')];
  const mark = make('span', 'mark');
  const meter = make('div', 'meter', make('span', 'fill'), mark);
  meter.setAttribute('aria-hidden', 'true');
  const [note, about] = [make('p', 'note'), make('p', 'unseen')];
  const heading = make('h3', '', label, status.element);
  const element = make('article', `card card-${name}`, heading, make('p', 'value', figure, unit), meter, note, about);
  return { element, label, heading, status, figure, unit, meter, mark, note, about };
}

function drawCard(part, fact) {
  const none = fact.figure === null;
  text(part.label, say(`card.${fact.name}`));
  text(part.figure, none ? '–' : fact.figure);
  text(part.unit, none ? '' : say(`card.${fact.name}.unit`));
  text(part.note, fact.note);
  text(part.about, say(`card.${fact.name}.about`));
  if (part.heading.title !== part.about.textContent) part.heading.title = part.about.textContent;
  part.status.element.hidden = fact.level === null;
  if (fact.level !== null) part.status.show(fact.level);
  data(part.element, 'level', fact.level ?? 'plain');
  place(part.meter, '--fill', Math.min(1, Math.max(0, fact.fill ?? 0)));
  part.mark.hidden = fact.mark === undefined;
  if (fact.mark !== undefined) place(part.meter, '--mark', fact.mark);
}

// --- queues ----------------------------------------------------------------------------------------------------------

function queueRows(queue) {
  const cell = (className) => make('td', className);
  const name = make('span', 'name');
  const opener = make('button', 'opener', icon('open'), name);
  opener.type = 'button';
  const callersId = `callers-${queue.name}`;
  opener.setAttribute('aria-controls', callersId);
  const head = make('th', '', opener);
  head.scope = 'row';
  const cells = {
    waiting: cell('number strong'),
    oldest: cell('number'),
    flow: cell('flow'),
    serviceLevel: cell('number'),
    ready: cell('number'),
    expected: cell('number'),
    counts: cell('number wide'),
  };
  const track = make('div', 'track', make('span', 'target'));
  track.setAttribute('aria-hidden', 'true');
  cells.flow.append(track);
  const marks = {};
  for (const key of ['waiting', 'oldest', 'serviceLevel']) {
    marks[key] = { icon: icon('calm'), value: make('span', 'value'), word: make('span', 'unseen') };
    cells[key].append(marks[key].icon, marks[key].value, marks[key].word);
  }
  const callers = make('td', 'callers');
  callers.colSpan = 8;
  const detail = make('tr', 'detail', callers);
  detail.id = callersId;
  const show = (open) => {
    detail.hidden = !open;
    opener.setAttribute('aria-expanded', String(open));
  };
  show(opened().has(queue.name));
  opener.addEventListener('click', () => {
    show(detail.hidden);
    remember(queue.name, !detail.hidden);
  });
  const element = make('tbody', '', make('tr', 'queue', head, ...Object.values(cells)), detail);
  const dots = new Keyed(track, () => ({ element: make('span', 'dot') }), track.firstElementChild);
  return { element, name, cells, marks, track, dots, detail, callers: callerTable(callers) };
}

/** Which queues are open stands in the address: a reload keeps them, and a wall can be given a link. */
const opened = () => new Set((new URLSearchParams(location.search).get('open') ?? '').split(',').filter(Boolean));

function remember(name, isOpen) {
  const names = opened();
  if (isOpen) names.add(name);
  else names.delete(name);
  const address = new URL(location.href);
  address.searchParams.set('open', [...names].join(','));
  if (names.size === 0) address.searchParams.delete('open');
  history.replaceState(null, '', address);
}

function drawQueue(rows, queue, now, limits, names) {
  const age = queue.oldest_since_ms === null ? null : now - queue.oldest_since_ms;
  const ready = queue.agents_by_state[STATE_INDEX.available];
  const found = {
    waiting: levels.waiting(queue.waiting.length, ready, limits),
    wait: levels.wait(age, queue.max_wait_ms, limits),
    serviceLevel: levels.share(queue.service_level, queue.target_ratio, limits.service_level_red),
  };
  text(rows.name, queue.title);
  mark(rows.marks.waiting, found.waiting, count(queue.waiting.length));
  mark(rows.marks.oldest, found.wait, age === null ? '–' : clockOf(age));
  const share = percent(queue.service_level);
  mark(rows.marks.serviceLevel, found.serviceLevel, share === null ? '–' : `${share} %`);
  text(rows.cells.ready, count(ready));
  text(rows.cells.expected, queue.expected_wait_ms === null ? '–' : clockOf(queue.expected_wait_ms));
  text(rows.cells.counts, `${count(queue.answered)} / ${count(queue.abandoned)}`);
  data(rows.element, 'level', levels.worst(found.waiting, found.wait));
  drawTrack(rows, queue, now, limits);
  if (!rows.detail.hidden) drawCallers(rows.callers, queue, now, limits, names);
  return found;
}

/** In a table the word is for those who cannot see the icon; the number itself is never alone with its colour. */
function mark(part, level, value) {
  data(part.value.parentElement, 'level', level);
  const silent = level === 'good' || level === 'calm';
  part.icon.toggleAttribute('hidden', silent);
  if (!silent) swapIcon(part.icon, level);
  text(part.value, value);
  text(part.word, silent ? '' : ` ${say(`level.${level}`)}`);
}

/** Every caller is a dot on the way from arriving to the longest wait that was promised. */
function drawTrack(rows, queue, now, limits) {
  place(rows.track, '--target', queue.max_wait_ms ? queue.target_ms / queue.max_wait_ms : 0);
  rows.dots.show(queue.waiting, (caller) => caller.call, ({ element }, caller) => {
    const age = now - caller.since_ms;
    place(element, '--at', queue.max_wait_ms ? Math.min(1, Math.max(0, age / queue.max_wait_ms)) : 0);
    data(element, 'level', levels.wait(age, queue.max_wait_ms, limits));
    data(element, 'offered', String(caller.offered_to !== null));
  });
}

function callerTable(parent) {
  const caption = make('caption', 'unseen');
  const heads = ['position', 'number', 'wait', 'offered'].map((key) => {
    const head = make('th', key === 'number' || key === 'offered' ? '' : 'number');
    head.scope = 'col';
    return { key, head };
  });
  const body = make('tbody');
  const table = make('table', '', caption, make('thead', '', make('tr', '', ...heads.map(({ head }) => head))), body);
  const nobody = make('p', 'empty');
  parent.append(table, nobody);
  const rows = new Keyed(body, () => {
    const cells = [make('td', 'number'), make('td'), make('td', 'number'), make('td')];
    return { element: make('tr', '', ...cells), cells };
  });
  return { caption, heads, table, nobody, rows };
}

function drawCallers(part, queue, now, limits, names) {
  part.table.hidden = queue.waiting.length === 0;
  part.nobody.hidden = queue.waiting.length > 0;
  text(part.nobody, say('queues.nobody'));
  text(part.caption, say('callers.caption', { queue: queue.title }));
  part.heads.forEach(({ key, head }) => text(head, say(`callers.${key}`)));
  part.rows.show(queue.waiting, (caller) => caller.call, ({ element, cells }, caller) => {
    const age = now - caller.since_ms;
    data(element, 'level', levels.wait(age, queue.max_wait_ms, limits));
    const offered = caller.offered_to === null ? say('callers.nobody') : names.get(caller.offered_to) ?? caller.offered_to;
    [caller.position, caller.number, clockOf(age), offered].forEach((value, at) => text(cells[at], String(value)));
  });
}

// --- agents ----------------------------------------------------------------------------------------------------------

function stateCount(state) {
  const [word, number] = [make('span', 'word'), make('span', 'count')];
  const element = make('li', '', icon(state), word, number);
  element.dataset.state = state;
  return { element, word, number };
}

function agentTile() {
  const [name, timer] = [make('strong', 'name'), make('span', 'timer')];
  const [state, detail] = [make('span', 'state'), make('span', 'detail')];
  const [glyph, sign] = [icon('offline'), icon('act')];
  const [words, place] = [make('span', 'words'), make('span', 'place')];
  const flag = make('p', 'flag', sign, words, place);
  const element = make('li', 'agent', make('p', 'who', glyph, name, timer), make('p', 'what', state, detail), flag);
  return { element, glyph, name, timer, state, detail, sign, words, place };
}

function drawAgent(part, { tile, age, level, why }, titles) {
  data(part.element, 'state', tile.state);
  data(part.element, 'level', level);
  swapIcon(part.glyph, tile.state);
  text(part.name, tile.display_name);
  text(part.timer, clockOf(age));
  text(part.state, tile.state === 'ringing' ? say('agents.ring', { ring: levels.ringOf(age) }) : say(`state.${tile.state}`));
  const reason = tile.reason ? sayOr(`reason.${tile.reason}`, tile.reason) : '';
  text(part.detail, tile.caller ?? reason);
  const flagged = level === 'act' || level === 'watch';
  part.sign.toggleAttribute('hidden', !flagged);
  if (flagged) swapIcon(part.sign, level);
  const words = why ? say(why, { count: tile.missed_in_a_row }) : flagged ? say(`level.${level}`) : '';
  text(part.words, words);
  const queues = tile.queues.map((queue) => titles.get(queue) ?? queue).join(' · ');
  text(part.place, flagged ? '' : queues);
  const title = [tile.department, queues, say('agents.today', { answered: count(tile.answered) })].filter(Boolean).join('\n');
  if (part.element.title !== title) part.element.title = title;
}

// --- promises --------------------------------------------------------------------------------------------------------

function promiseRow() {
  const [name, figure, note] = [make('p', 'name'), make('span', 'figure'), make('p', 'note')];
  const status = badge();
  const meter = make('div', 'meter', make('span', 'fill'));
  meter.setAttribute('aria-hidden', 'true');
  const element = make('li', 'promise', name, make('p', 'value', figure, status.element), meter, note);
  return { element, name, figure, status, meter, note };
}

function drawPromise(part, promise, limits) {
  const level = levels.share(promise.kept, limits.promise_green, limits.promise_red);
  const share = percent(promise.kept);
  data(part.element, 'level', level);
  text(part.name, sayOr(`promise.${promise.promise}`, promise.promise));
  text(part.figure, share === null ? '–' : `${share} %`);
  part.status.show(level);
  place(part.meter, '--fill', promise.kept ?? 0);
  const values = { met: count(promise.met), breached: count(promise.breached), excused: count(promise.excused) };
  const excused = promise.excused > 0 ? say('promises.excused', values) : '';
  text(part.note, share === null && promise.excused === 0 ? say('promises.none') : say('promises.kept', values) + excused);
  return level;
}
