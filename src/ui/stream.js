// The live stream: keeps the latest picture, knows how fresh it is, and comes back by itself. Draws nothing, and
// computes nothing but the difference between two clocks.

const STALE_MS = 5000; // two lost heartbeats
const STUCK_MS = 10000; // heartbeats come, pictures do not
const RETRY_MS = [1000, 2000, 5000, 10000];

/** Follows the stream and calls `changed(what)` with `snapshot`, `delta` or nothing when only freshness changed. */
export class Stream {
  constructor(changed) {
    this.changed = changed;
    this.picture = null;
    this.heardAt = null; // our clock, last sign of life
    this.lagMs = null; // how late the last picture arrived
    this.offsets = []; // server clock minus ours, the last few
    this.failures = 0;
    this.open();
    setInterval(() => this.watch(), 1000);
  }

  /** The server's clock now. The largest difference had the shortest way. */
  now() {
    return Date.now() + (this.offsets.length > 0 ? Math.max(...this.offsets) : 0);
  }

  /** `connecting`, `live`, `stale` (no sign of life) or `stuck` (alive, without new pictures). */
  state() {
    if (this.heardAt === null) return 'connecting';
    if (Date.now() - this.heardAt > STALE_MS) return 'stale';
    if (this.picture && this.now() - this.picture.unix_ms > STUCK_MS) return 'stuck';
    return this.picture ? 'live' : 'connecting';
  }

  open() {
    clearTimeout(this.retry);
    this.source?.close();
    this.openedAt = Date.now();
    this.source = new EventSource('/api/v1/live');
    this.source.addEventListener('snapshot', (event) => this.take(JSON.parse(event.data)));
    this.source.addEventListener('delta', (event) => this.merge(JSON.parse(event.data)));
    this.source.addEventListener('heartbeat', (event) => this.beat(JSON.parse(event.data)));
    this.source.addEventListener('error', () => {
      // A refusal (503, 401) closes the source for good; a lost connection it mends itself.
      if (this.source.readyState === EventSource.CLOSED) this.later();
    });
  }

  later() {
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), wait);
  }

  /** A connection that died without telling is replaced. */
  watch() {
    const silent = Date.now() - Math.max(this.heardAt ?? 0, this.openedAt);
    if (silent > STALE_MS + 1000 && this.source.readyState !== EventSource.CLOSED) this.open();
  }

  take(snapshot) {
    this.picture = snapshot;
    this.heard(snapshot.unix_ms);
    this.changed('snapshot');
  }

  merge(delta) {
    // A step that does not fit means that we missed one: begin again with a whole picture.
    if (!this.picture || this.picture.seq !== delta.from) return this.open();
    const { from, queues = [], agents = [], promises = [], ...rest } = delta;
    const replace = (tiles, news, key) => {
      const byKey = new Map(news.map((tile) => [tile[key], tile]));
      return tiles.map((tile) => byKey.get(tile[key]) ?? tile);
    };
    this.picture = {
      ...this.picture,
      ...rest,
      queues: replace(this.picture.queues, queues, 'name'),
      agents: replace(this.picture.agents, agents, 'name'),
      promises: replace(this.picture.promises, promises, 'promise'),
    };
    this.heard(delta.unix_ms);
    this.changed('delta');
  }

  beat({ unix_ms: serverMs }) {
    this.offsets.push(serverMs - Date.now());
    if (this.offsets.length > 8) this.offsets.shift();
    this.heardAt = Date.now();
    this.failures = 0;
  }

  heard(takenMs) {
    this.heardAt = Date.now();
    this.failures = 0;
    if (this.offsets.length > 0) this.lagMs = Math.max(0, this.now() - takenMs);
  }
}
