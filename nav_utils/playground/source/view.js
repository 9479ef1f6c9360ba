// The view: what the engine reports, and the elements that show it. A frame is asked for when there
// is news, and asks for none; out of sight nothing runs.

import { colours, fit } from "../../browser/source/canvas.js";
import { makeDraggable } from "../../browser/source/handles.js";
import { listen } from "../../browser/source/make.js";
import { sigmoid, toPixel } from "../../browser/source/map.js";
import { adopt } from "../../browser/source/problem.js";
import { drawRows } from "../../browser/source/rows.js";
import { watchTheme } from "../../browser/source/theme.js";
import { drawBeside } from "./beside.js";
import { isFresh, makeControls } from "./controls.js";
import { History, drawLosses } from "./curves.js";
import { layout } from "./layout.js";
import { RADIUS, drawCodes, drawGround, radiusFor, valueAt } from "./plane.js";
import { PRESETS, settingsOf } from "./presets.js";
import { clamped } from "./protocol.js";
import { makeSlow } from "./slow.js";
import { hasD } from "./state.js";
import { STYLE } from "./style.js";

const DIGITS = 10; // in a row
const SIDE = 8; // pixels of a digit
const PLACE = [-2, 2]; // of the point ?, at first: away from where all codes begin
const CALM = 1000; // milliseconds between two pictures where motion is reduced
const CANVASES = ["ground", "over", "losses", "fresh", "truth", "error", "reliability"];

export class View {
  /**
   * @param {HTMLElement} el where to show it
   * @param {(report: (message) => void) => {send, close}} connect opens the engine
   * @param {object} settings whole ones, to begin with
   * @param {object} words all texts, a file like words.en.js
   * @param {{link: (settings) => {label, text}, changed?: (settings) => void, told?: (frame) => void,
   *   take: (report, element) => Promise}} host
   * @param {string} said something to tell at once
   */
  constructor(el, connect, settings, words, host, said = "") {
    Object.assign(this, { el, words, host, settings, start: settings });
    this.ready = this.news = this.fitted = this.told = null; // the engine's latest reports
    this.playing = this.resume = this.frozen = this.taking = false;
    this.place = PLACE;
    this.radius = RADIUS; // of what the map shows
    this.refusals = []; // what the browser does not allow, in words
    this.history = new History();
    this.frame = this.drawnAt = this.timer = 0;
    this.seen = true;
    this.parts = layout(words);
    const root = el.shadowRoot ?? el.attachShadow({ mode: "open" });
    adopt(root, STYLE);
    root.replaceChildren(this.parts.card);
    this.contexts = Object.fromEntries(
      CANVASES.map((name) => [name, this.parts[name].getContext("2d")]),
    );
    Object.assign(this.parts.rows, { width: DIGITS * (SIDE + 1) - 1, height: 2 * SIDE + 1 });
    this.rows = this.parts.rows.getContext("2d");
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.trouble(said);
    this.listen();
    this.watch();
    this.engine = connect((report) => this.hear(report));
    this.engine.send({ type: "start", settings });
  }

  // ---- for hosts ---------------------------------------------------------------------------------

  get() {
    return this.settings;
  }

  set(patch) {
    this.change(patch);
    this.release();
  }

  /** A fresh model with the settings of a preset, which begins to train. */
  preset(name) {
    if (!Object.hasOwn(PRESETS, name)) return;
    this.begin(settingsOf(name));
    this.release();
    this.engine.send({ type: "play" });
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.slow.leave();
    for (const watcher of this.watchers) watcher.disconnect();
    removeEventListener("resize", this.resize);
    document.removeEventListener("visibilitychange", this.look);
    this.forget();
    this.engine.close();
  }

  // ---- from the engine's reports to a picture ----------------------------------------------------

  hear(report) {
    const { parts, words } = this;
    const hears = {
      ready: () => {
        Object.assign(this, { ready: report, settings: clamped(report.settings) });
        Object.assign(this, { fitted: null, told: null, frozen: false });
        this.history.clear();
        this.slow.leave();
        parts.note.textContent = [words.host(report), ...this.refusals].join(" ");
      },
      frame: () => {
        this.news = report;
        this.radius = radiusFor(report.codes);
        this.playing = report.playing;
        this.history.add(report.losses);
        if (!report.playing) this.speak(this.sentence());
        this.host.told?.(report);
      },
      slow: () => this.slow.begin(report),
      fit: () => {
        this.fitted = report;
        this.frozen = true;
        if (report.done) this.speak(words.fitted(report.result));
      },
      export: () => this.hand(report),
      diverged: () => {
        this.playing = false;
        this.trouble(words.diverged(report));
      },
      refused: () => {
        this.refusals.push(words.refusedSaid(words.refused[report.what], report.why));
      },
      error: () => this.trouble(words.error(report.text)),
    };
    hears[report.type]?.();
    this.invalidate();
  }

  invalidate() {
    if (this.frame || this.timer || !this.seen) return;
    const wait = this.calm.matches && this.playing ? this.drawnAt + CALM - performance.now() : 0;
    const ask = () => {
      this.timer = 0;
      this.frame = requestAnimationFrame(() => this.draw());
    };
    if (wait > 0) this.timer = setTimeout(ask, wait);
    else ask();
  }

  draw() {
    this.frame = 0;
    this.drawnAt = performance.now();
    const { contexts, news, parts, ready, settings, size, words } = this;
    if (!size || !news || !ready) return;
    const slow = this.slow.show(settings);
    const isMap = news.map !== null;
    drawGround(contexts.ground, size, devicePixelRatio, news.map, words, this.radius);
    parts.ground.setAttribute("aria-label", isMap ? words.map.D : words.map.none);
    this.drawOver(slow.part);
    this.drawLosses();
    const isDigits = ready.originals.length > 0 && news.rebuilt.length > 0;
    parts.digits.hidden = !isDigits;
    if (isDigits) {
      const [above, below] = slow.rows ?? [ready.originals, news.rebuilt];
      const pixels = new Uint8Array(2 * DIGITS * SIDE * SIDE);
      pixels.set(above);
      pixels.set(below, pixels.length / 2);
      drawRows(this.rows, [1, SIDE, SIDE], pixels);
    }
    drawBeside(this);
    this.describe(isMap);
  }

  drawOver(part) {
    const { news, ready, size } = this;
    const context = this.contexts.over;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, size, size);
    context.globalAlpha = part ? 0.25 : 1;
    drawCodes(context, size, devicePixelRatio, news.codes, ready.labels, this.radius);
    context.globalAlpha = 1;
    if (part) this.slow.draw(context, size, devicePixelRatio, part, this.radius);
  }

  drawLosses() {
    const { history, news, parts, settings, words } = this;
    const context = this.contexts.losses;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const [rebuilt, pull, judge] = words.lossNames;
    const isKl = settings.objective === "variational";
    drawLosses(context, parts.losses, history, {
      theme: colours(parts.card),
      words: { ...words, lossNames: [rebuilt, isKl ? words.kl : pull, judge] },
      end: news.steps,
      hasD: hasD(settings),
      optimum: news.exact?.optimum ?? null,
    });
  }

  describe(isMap) {
    const { fitted, frozen, news, parts, place, settings, words } = this;
    const said = [this.sentence()];
    if (frozen && fitted) {
      said.unshift(fitted.done ? words.fitted(fitted.result) : words.fitting(fitted));
    }
    if (this.calm.matches && this.playing) said.push(words.calm);
    parts.said.textContent = said.join(" ");
    const [d, fresh] = [news.map, frozen ? (fitted?.fresh ?? news.fresh) : null].map((table) => {
      const a = valueAt(table, place);
      return a === null ? null : sigmoid(a);
    });
    parts.at.textContent = words.placeSaid(place, d, fresh);
    if (this.radius > RADIUS) parts.at.textContent += ` ${words.reach(this.radius, isMap)}`;
    const at = toPixel(100, this.radius);
    parts.place.style.left = `${at.x(place[0])}%`;
    parts.place.style.top = `${at.y(place[1])}%`;
    for (const [name, value] of [
      ["min", -this.radius],
      ["max", this.radius],
      ["now", place[0].toFixed(2)],
      ["text", words.placeValue(place, d)],
    ])
      parts.place.setAttribute(`aria-value${name}`, value);
    parts.play.textContent = this.playing ? words.pause : words.play;
    parts.fit.textContent = frozen ? words.thaw : words.fit;
    parts.slowButton.textContent = this.slow.on ? words.slowEnd : words.slow;
    const off = (button, is) => button.setAttribute("aria-disabled", is);
    off(parts.take, settings.data !== "digits" || this.taking);
    off(parts.fit, news.step === 0 && !frozen);
    for (const name of ["play", "step", "slowButton"]) off(parts[name], frozen);
    this.controls.show(settings);
    const is = (name) => JSON.stringify(settingsOf(name)) === JSON.stringify(settings);
    parts.presets.value = Object.keys(PRESETS).find(is) ?? "";
  }

  sentence() {
    if (!this.news) return this.words.starting;
    return this.words.said(this.news, this.history.last, this.settings);
  }

  speak(text) {
    this.parts.live.textContent = text;
  }

  trouble(text) {
    this.parts.trouble.hidden = !text;
    this.parts.trouble.textContent = text;
  }

  // ---- from the reader to the engine -------------------------------------------------------------

  /** A fresh model. */
  begin(settings) {
    this.trouble("");
    this.settings = settings;
    this.engine.send({ type: "start", settings });
  }

  change(patch) {
    const before = this.settings;
    this.settings = clamped({ ...before, ...patch });
    if (isFresh(patch, before)) this.trouble("");
    this.engine.send({ type: "set", settings: patch });
    this.invalidate();
  }

  release() {
    this.parts.link.show(this.host.link(this.settings));
    this.host.changed?.(this.settings);
    this.invalidate();
  }

  listen() {
    const { parts, words } = this;
    const send = (type) => this.engine.send({ type });
    const click = (name, act) =>
      listen(parts[name], "click", () => {
        if (parts[name].getAttribute("aria-disabled") === "true") return;
        this.trouble("");
        act();
        this.invalidate();
      });
    this.controls = makeControls(
      words,
      (patch) => this.change(patch),
      () => this.release(),
    );
    parts.route.append(this.controls.route);
    parts.controls.append(this.controls.root);
    this.slow = makeSlow(words, () => this.invalidate());
    parts.slow.append(this.slow.root);
    const act = { read: () => this.place, release: () => {} };
    const write = (z) => {
      this.place = z.map((x) => Math.min(Math.max(x, -this.radius), this.radius));
      this.invalidate();
    };
    makeDraggable(parts.place, parts.map, () => this.radius, { ...act, write });
    listen(parts.presets, "change", () => this.preset(parts.presets.value));
    click("reset", () => this.begin(this.settings));
    click("play", () => {
      this.slow.leave();
      this.playing = !this.playing;
      send(this.playing ? "play" : "pause");
    });
    click("step", () => {
      this.slow.leave();
      send("step");
    });
    click("slowButton", () => (this.slow.on ? this.slow.leave() : send("slow")));
    click("fit", () => {
      this.slow.leave();
      if (this.frozen) Object.assign(this, { frozen: false, fitted: null });
      else this.frozen = true;
      send(this.frozen ? "fit" : "thaw");
      if (!this.frozen) send("frame");
    });
    click("take", () => {
      this.slow.leave();
      this.taking = this.frozen = true;
      this.speak(words.taking);
      send("export");
    });
  }

  /** The space is packed: to the explorer below, and to the host. */
  async hand(report) {
    this.taking = false;
    const { explorer } = this.parts;
    explorer.hidden = false;
    try {
      this.speak(await this.host.take(report, explorer));
      const calm = this.calm.matches;
      explorer.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
    } catch (error) {
      this.trouble(this.words.error(error.message));
    }
    this.invalidate();
  }

  // ---- size, sight and theme ---------------------------------------------------------------------

  watch() {
    const { parts } = this;
    this.resize = () => this.fit();
    const sizes = new ResizeObserver(this.resize);
    for (const name of ["map", "losses", "beside"]) sizes.observe(parts[name]);
    addEventListener("resize", this.resize); // zoom may change nothing but devicePixelRatio
    let onScreen = true;
    this.look = () => this.sight(onScreen && !document.hidden);
    const sight = new IntersectionObserver((entries) => {
      onScreen = entries.at(-1).isIntersecting;
      this.look();
    });
    sight.observe(parts.card);
    listen(document, "visibilitychange", this.look);
    this.watchers = [sizes, sight];
    this.forget = watchTheme((theme, atOnce) => {
      parts.card.dataset.theme = theme;
      if (atOnce) this.draw();
      else this.invalidate();
    });
  }

  /** Out of sight the training rests, and goes on when it is seen again. */
  sight(seen) {
    if (seen === this.seen) return;
    this.seen = seen;
    if (!seen && this.playing) {
      this.resume = true;
      this.engine.send({ type: "pause" });
    } else if (seen && this.resume) {
      this.resume = false;
      this.engine.send({ type: "play" });
    }
    if (seen) this.invalidate();
  }

  fit() {
    const { ground, losses, map, over } = this.parts;
    this.size = map.clientWidth;
    const changed = [
      fit(ground, this.size, this.size),
      fit(over, this.size, this.size),
      fit(losses, losses.clientWidth, losses.clientHeight),
    ];
    if (!changed.includes(true)) return;
    cancelAnimationFrame(this.frame);
    this.draw(); // in this very frame: a canvas of a new size is empty
  }
}
