// The view: one state, what follows from it, and the elements that show both. Nothing runs while
// nothing changes: every change asks for one frame, and a frame asks for none.

import { ETA, LIMITS, clampState } from "./state.js";
import { navigate, navigateInSlices } from "./navigation.js";
import { colours, fit } from "../../browser/source/canvas.js";
import { sigmoid, toPixel } from "../../browser/source/map.js";
import { drawGround, drawMark, drawPath, drawStop } from "./map.js";
import { drawCurve } from "./curve.js";
import { makeFilm, shownAt } from "./film.js";
import { makeControls } from "./controls.js";
import { makeDraggable } from "../../browser/source/handles.js";
import { SHOWN, layout } from "./layout.js";
import { listen, make } from "../../browser/source/make.js";
import { ending, nearestPoint, zone } from "./outcome.js";
import { adopt } from "../../browser/source/problem.js";
import { makeSlow } from "./slow.js";
import { STYLE } from "./style.js";
import { watchTheme } from "../../browser/source/theme.js";

const REACH = 14; // pixels within which the pointer finds a point
const WAIT = 150; // milliseconds after which the exact check begins
const SLICE = 6; // milliseconds of it between two chances for other work

export class View {
  /**
   * @param {HTMLElement} el where to show it
   * @param {object} space from `readPayload`
   * @param {{start: object, first: object}} states what Reset returns to; what to show first
   * @param {object} words all texts, a file like words.en.js
   * @param {{link: (state) => {label, text}, release?: (state, path) => void, decode?: (points) =>
   *   void}} host
   * @param {string} trouble something to tell at once
   */
  constructor(el, space, { start, first }, words, host, trouble = "") {
    Object.assign(this, { space, start, words, host, state: first });
    this.result = null; // of `navigate`
    this.checked = false; // whether it comes from the network itself
    this.mark = null; // the point under the pointer
    this.size = 0; // of the map, in pixels of the page
    this.stale = { ground: true, result: true, shown: false };
    this.owed = false; // whether there is a change that the host has not heard of
    this.frame = this.timer = 0;
    this.parts = layout(space.meta, words);
    this.parts.trouble.textContent = trouble;
    this.parts.trouble.hidden = !trouble;
    const root = el.shadowRoot ?? el.attachShadow({ mode: "open" });
    adopt(root, STYLE);
    root.replaceChildren(this.parts.card);
    this.contexts = {};
    for (const name of ["ground", "over", "curve", "rows"]) {
      this.contexts[name] = this.parts[name].getContext("2d");
    }
    const rows = { context: this.contexts.rows, note: this.parts.images };
    this.film = makeFilm(space, rows, words, () => this.invalidate({ shown: false }));
    this.listen();
    this.resize = this.resize.bind(this);
    this.watcher = new ResizeObserver(this.resize);
    listen(window, "resize", this.resize); // zoom may change nothing but devicePixelRatio
    for (const name of ["map", "curve"]) this.watcher.observe(this.parts[name]);
    this.forget = watchTheme((theme, atOnce) => {
      this.parts.card.dataset.theme = theme;
      if (atOnce) this.draw();
      else this.invalidate();
    });
    this.release(false);
  }

  // ---- for hosts ---------------------------------------------------------------------------------

  get() {
    return this.state;
  }

  set(patch) {
    this.change(patch);
    this.release();
  }

  preset(name) {
    if (!Object.hasOwn(this.space.meta.presets, name)) return;
    this.slow.leave();
    this.set(clampState(this.space.meta.presets[name].state, this.space.meta));
  }

  destroy() {
    if (this.owed && this.host.release)
      this.finish(navigate(this.state, this.space, { exact: true }));
    cancelAnimationFrame(this.frame);
    this.cancelCheck();
    this.slow.leave();
    this.watcher.disconnect();
    removeEventListener("resize", this.resize);
    this.forget();
  }

  // ---- from the state to a picture ---------------------------------------------------------------

  invalidate(what = {}) {
    Object.assign(this.stale, what);
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  get path() {
    return this.result.paths[this.result.best];
  }

  draw() {
    const { contexts, parts, space, stale, state, words } = this;
    this.frame = 0;
    if (!this.size) return; // out of sight, as in a closed part of the page: later, all at once
    if (stale.result) {
      this.result = navigate(state, space, { trace: this.slow.on });
      this.checked = stale.shown = false;
    }
    if (this.mark >= this.path.status.length) this.mark = null;
    if (stale.ground) {
      drawGround(contexts.ground, space, this.size, devicePixelRatio, state, words);
    }
    const stage = this.slow.stage(this.path, state);
    this.drawOver(stage);
    contexts.curve.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.axis = drawCurve(contexts.curve, parts.curve, this.path, stage, {
      zone: zone(state),
      mark: this.mark,
      theme: colours(parts.card),
      words,
    });
    if (!stale.shown) {
      this.film.draw(this.path.proposal, stage.points);
      this.controls.show(state);
      this.placeHandles();
      this.showPreset();
      this.fillTable();
    }
    this.describe(stage);
    this.stale = { ground: false, result: false, shown: true };
  }

  drawOver(stage) {
    const { radius } = this.space.meta;
    const context = this.contexts.over;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.size, this.size);
    for (const other of this.result.paths) {
      if (other === this.path) continue;
      const show = { points: other.points, corrected: stage.corrected, hollow: [], faded: true };
      drawPath(context, this.size, radius, other, show);
    }
    drawPath(context, this.size, radius, this.path, stage);
    const { path } = this;
    if (path.verdict === "stalled" && !this.slow.on) {
      const last = path.points.subarray(2 * path.walked - 2, 2 * path.walked);
      drawStop(context, this.size, radius, last, this.words.stop);
    }
    const marked = this.mark ?? stage.followed ?? null;
    if (marked === null) return;
    const at = (points) => points.subarray(2 * marked, 2 * marked + 2);
    const from = this.mark === null ? stage.from : this.path.proposal;
    drawMark(context, this.size, radius, at(from), at(stage.points));
  }

  describe(stage) {
    const { checked, mark, parts, path, space, words } = this;
    const n = path.status.length;
    parts.said.hidden = this.slow.on;
    parts.said.textContent = this.sentence();
    parts.numbers.textContent = this.inNumbers();
    parts.slowButton.textContent = this.slow.on ? words.slowEnd : words.slow;
    parts.note.textContent = !space.exact
      ? words.gridOnly(space.meta.grid_error)
      : checked
        ? words.exact
        : words.quick;
    if (!space.prior) parts.note.textContent += ` ${words.noPrior}`;
    parts.column.hidden = mark === null;
    if (mark === null) {
      const [da, db] = [path.aProposal[0], path.aProposal.at(-1)].map(sigmoid);
      parts.point.textContent = words.ends(this.state.a, da, this.state.b, db);
      return;
    }
    const [before, after] = [path.aProposal[mark], stage.a[mark]].map(sigmoid);
    parts.point.textContent = stage.unfinished
      ? words.pointSoFar(mark, n, before, after)
      : words.point(mark, n, before, after, this.statusOf(mark));
    const off = (k) => Math.abs(shownAt(k, n) - mark);
    let column = 0; // whose image is nearest; of few points some are shown twice
    for (let k = 1; k < SHOWN; k++) if (off(k) < off(column)) column = k;
    parts.column.style.left = `${(column / SHOWN) * 100}%`;
    parts.column.style.width = `${100 / SHOWN}%`;
  }

  /** What happened, as a reader would say it. */
  sentence() {
    const { space, words } = this;
    const which = space.prior ? words.bothArcs : words.firstArc;
    const both = this.result.paths.length > 1 ? ` ${which}` : "";
    return words.told(this.path, this.state) + both;
  }

  inNumbers() {
    return this.words.words(this.path, this.state, this.space.meta.log_q_95);
  }

  /** How a point ended, in words. */
  statusOf(i) {
    const kind = ending(i, this.path, this.state);
    return this.words[kind] ?? this.words.status[kind];
  }

  placeHandles() {
    const { parts, path, state, words } = this;
    const at = toPixel(100, this.space.meta.radius);
    for (const [end, a] of [
      ["a", path.aProposal[0]],
      ["b", path.aProposal.at(-1)],
    ]) {
      const [x, y] = state[end];
      parts[end].style.left = `${at.x(x)}%`;
      parts[end].style.top = `${at.y(y)}%`;
      parts[end].setAttribute("aria-valuenow", x.toFixed(2));
      parts[end].setAttribute("aria-valuetext", words.handleValue(x, y, sigmoid(a)));
    }
  }

  showPreset() {
    const { meta } = this.space;
    const now = JSON.stringify(this.state);
    const is = (name) => JSON.stringify(clampState(meta.presets[name].state, meta)) === now;
    this.parts.presets.value = Object.keys(meta.presets).find(is) ?? "";
  }

  fillTable() {
    const { parts, words } = this;
    if (!parts.table.open || !this.result) return;
    const { path } = this;
    const cell = (x) => make("td", { textContent: typeof x === "string" ? x : words.number(x) });
    const rows = Array.from(path.status, (_, i) => {
      const place = (z, a) => [z[2 * i], z[2 * i + 1], a[i], sigmoid(a[i])];
      const proposed = place(path.proposal, path.aProposal);
      const corrected = place(path.points, path.a);
      const head = make("th", { textContent: String(i + 1), scope: "row" });
      return make("tr", {}, head, ...[...proposed, ...corrected, this.statusOf(i)].map(cell));
    });
    parts.table.querySelector("tbody").replaceChildren(...rows);
  }

  resize() {
    const { curve, ground, map, over } = this.parts;
    this.size = map.clientWidth;
    const changed = [
      fit(ground, this.size, this.size),
      fit(over, this.size, this.size),
      fit(curve, curve.clientWidth, curve.clientHeight),
    ];
    if (!changed.includes(true)) return;
    cancelAnimationFrame(this.frame);
    this.stale.ground = true;
    this.draw(); // in this very frame: a canvas of a new size is empty
  }

  // ---- from the reader to the state --------------------------------------------------------------

  change(patch) {
    this.cancelCheck();
    const before = this.state;
    this.state = clampState({ ...before, ...patch }, this.space.meta);
    this.owed = true;
    const moved = (key) => this.state[key] !== before[key];
    const ground = ["eps", "level", "classes", "method"].some(moved);
    this.invalidate(ground ? { result: true, ground } : { result: true });
  }

  /** The reader has let go: compute it with the network itself, say what came of it, tell the host. */
  release(changed = true) {
    this.cancelCheck();
    this.owed ||= changed;
    if (changed) this.showLink();
    this.invalidate();
    // With its steps: slow motion may begin meanwhile.
    const work = navigateInSlices(this.state, this.space, { exact: true, trace: true });
    const turn = () => {
      const until = performance.now() + SLICE;
      let step = work.next();
      while (!step.done && performance.now() < until) step = work.next();
      if (step.done) this.finish(step.value);
      else this.timer = setTimeout(turn);
    };
    this.timer = setTimeout(turn, WAIT);
  }

  finish(result) {
    this.timer = 0;
    this.result = result;
    this.checked = this.space.exact !== null;
    this.invalidate({ result: false, shown: false });
    this.film.ask(this.path.proposal, this.path.points, this.host.decode);
    if (!this.owed) return;
    this.owed = false;
    this.parts.live.textContent = this.sentence();
    this.host.release?.(this.state, this.path);
  }

  cancelCheck() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  showLink() {
    if (this.host.link) this.parts.link.show(this.host.link(this.state));
  }

  listen() {
    const { parts, space, words } = this;
    const release = () => this.release();
    this.controls = makeControls(space.meta, LIMITS, ETA, words, (x) => this.change(x), release);
    parts.method.append(this.controls.method);
    parts.controls.append(this.controls.root);
    const redraw = () =>
      this.invalidate(this.result?.paths[0].trace ? { shown: false } : { result: true });
    this.slow = makeSlow(words, space, redraw);
    parts.slow.append(this.slow.root);
    for (const end of ["a", "b"]) {
      const write = (z) => this.change({ [end]: z });
      const side = { read: () => this.state[end], write, release };
      makeDraggable(parts[end], parts.map, () => space.meta.radius, side);
    }
    listen(parts.presets, "change", () => this.preset(parts.presets.value));
    listen(parts.reset, "click", () => {
      this.slow.leave();
      this.set(this.start);
    });
    listen(parts.slowButton, "click", () => {
      this.slow.toggle();
      redraw();
      if (!this.checked && !this.timer) this.release(false);
    });
    listen(parts.table, "toggle", () => this.fillTable());
    this.listenToPointer();
  }

  /** The point under the pointer is marked on the map, in the curve and among the images. */
  listenToPointer() {
    const { parts } = this;
    const point = (i) => {
      if (i === this.mark) return;
      this.mark = i;
      this.invalidate();
    };
    const share = (event, part) => Math.min(Math.max(event.offsetX / part.clientWidth, 0), 0.999);
    const hover = {
      map: (event) => (event.target.closest(".handle") ? null : this.nearest(event)),
      rows: (event) => {
        const column = Math.floor(share(event, parts.rows) * SHOWN);
        return shownAt(column, this.path.status.length);
      },
      curve: (event) => this.axis.indexAt(event.offsetX),
    };
    for (const [name, find] of Object.entries(hover)) {
      listen(parts[name], "pointermove", (event) => {
        if (this.axis && !event.buttons) point(find(event));
      });
      listen(parts[name], "pointerleave", () => point(null));
    }
  }

  /** The point of the shown path, proposed or corrected, near the pointer; null if none is. */
  nearest(event) {
    const box = this.parts.map.getBoundingClientRect();
    const at = toPixel(this.size, this.space.meta.radius);
    const shown = [this.path.proposal, this.path.points];
    return nearestPoint(shown, at, event.clientX - box.left, event.clientY - box.top, REACH);
  }
}
