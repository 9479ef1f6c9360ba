// The map of D of a space, and the paths on it.

import { make } from "../../browser/source/make.js";
import {
  INK,
  colour,
  drawCodes,
  drawPrior,
  labelContour,
  plate,
  stroke,
  strokeContour,
  toPixel,
  trace,
} from "../../browser/source/map.js";
import { bandOf } from "./correction.js";
import { HOLE } from "./outcome.js";

const RASTER = 480; // pixels of the map; it is smooth and may be drawn larger
const STRIPE = 10; // pixels between two lines of the hatching
const RESOLUTION = 161; // of the table that contours are drawn from

// What a page computes once for each space, however many explorers there are, and of whatever size.
const rasters = new WeakMap(); // space -> canvas of RASTER x RASTER pixels
const places = new WeakMap(); // space -> where its classes are named
const tables = new WeakMap(); // space -> logits at RESOLUTION x RESOLUTION places

/** The map of D, hatched where there are no data. */
function raster(space) {
  if (rasters.has(space)) return rasters.get(space);
  const { radius } = space.meta;
  const canvas = make("canvas", { width: RASTER, height: RASTER });
  const context = canvas.getContext("2d");
  const image = context.createImageData(RASTER, RASTER);
  const out = new Float64Array(3);
  const { back } = toPixel(RASTER, radius);
  for (let row = 0, at = 0; row < RASTER; row++) {
    for (let column = 0; column < RASTER; column++, at += 4) {
      const [x, y] = back(column + 0.5, row + 0.5);
      space.grid.evaluate(x, y, out);
      colour(out[0], image.data, at);
      const striped = (row + column) % STRIPE < 1;
      if (striped && space.noData(x, y)) for (let c = 0; c < 3; c++) image.data[at + c] *= 0.4;
    }
  }
  context.putImageData(image, 0, 0);
  rasters.set(space, canvas);
  return canvas;
}

function table(space) {
  if (tables.has(space)) return tables.get(space);
  const { radius } = space.meta;
  const out = new Float64Array(3);
  const a = new Float32Array(RESOLUTION * RESOLUTION);
  for (let i = 0; i < a.length; i++) {
    const x = (((i % RESOLUTION) / (RESOLUTION - 1)) * 2 - 1) * radius;
    const y = ((Math.floor(i / RESOLUTION) / (RESOLUTION - 1)) * 2 - 1) * radius;
    space.grid.evaluate(x, y, out);
    a[i] = out[0];
  }
  tables.set(space, a);
  return a;
}

/** The ground: D, codes, the prior's contours, the contour D = 1/2 and the band's rims. */
export function drawGround(context, space, size, dpr, state, words) {
  const { radius, contours } = space.meta;
  const at = toPixel(size, radius);
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.drawImage(raster(space), 0, 0, size, size);
  drawCodes(context, space, at, state.classes);
  drawPrior(context, at, contours);
  const free = state.method === "score" || state.method === "string"; // which know no level of a
  const centre = free || state.goal === "below" ? 0 : (state.level ?? 0);
  const logits = table(space);
  const rims =
    state.method === "string" ? [HOLE] : [centre - bandOf(state), centre + bandOf(state)];
  const half = strokeContour(context, logits, size, 0, 1.6, []);
  for (const level of rims) strokeContour(context, logits, size, level, 0.8, [1.5, 2.5]);
  if (state.level !== null && !free) strokeContour(context, logits, size, state.level, 1.4, [7, 3]);
  labelContour(context, half, size, words.half);
  if (!state.classes) drawClasses(context, space, at);
}

/** Large digits where each class is most alone. */
function drawClasses(context, space, at) {
  if (!places.has(space)) places.set(space, classPlaces(space));
  context.save();
  context.font = "bold 17px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = "#fff";
  context.fillStyle = INK;
  for (const [label, x, y] of places.get(space)) {
    context.strokeText(label, at.x(x), at.y(y));
    context.fillText(label, at.x(x), at.y(y));
  }
  context.restore(); // or the next ground has other joints
}

const NEAR = 1 / 12; // of the radius: codes that count for and against a place
const APART = 1 / 8; // of the radius, between two labels
const MOST = 12; // classes that are labelled

/** [label, x, y] of each class, for a few classes: a code of it with many of its own around. */
export function classPlaces({ codes, labels, meta: { radius, start } }) {
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  if (classes.length < 2 || classes.length > MOST) return [];
  const gap = (i, [x, y]) => Math.hypot(codes[2 * i] - x, codes[2 * i + 1] - y);
  const found = [];
  for (const label of classes) {
    const scored = [...labels.keys()]
      .filter((i) => labels[i] === label)
      .map((i) => {
        const here = codes.subarray(2 * i, 2 * i + 2);
        let score = 0;
        for (let j = 0; j < labels.length; j++) {
          if (gap(j, here) < NEAR * radius) score += labels[j] === label ? 1 : -1;
        }
        return [score, ...here];
      })
      .sort(([a], [b]) => b - a);
    const taken = [...found.map(([, ...place]) => place), start.a, start.b];
    const free = ([, x, y]) => taken.every(([u, v]) => Math.hypot(x - u, y - v) > APART * radius);
    const [, x, y] = scored.find(free) ?? scored[0];
    found.push([label, x, y]);
  }
  return found;
}

/**
 * One path over the map: proposal dashed, correction solid with a halo, whiskers between them.
 *
 * show: { points, corrected, whiskers, hollow (of each point, whether it failed), faded }.
 */
export function drawPath(context, size, radius, { proposal }, show) {
  const at = toPixel(size, radius);
  context.globalAlpha = show.faded ? 0.45 : 1;
  trace(context, at, proposal);
  context.setLineDash([6, 4]);
  stroke(context, INK, 1.3);
  context.setLineDash([]);
  if (show.corrected) {
    if (show.whiskers) drawWhiskers(context, at, proposal, show.points);
    trace(context, at, show.points);
    context.lineJoin = "round";
    stroke(context, "#fff", 5.5);
    stroke(context, INK, 2.2);
  }
  context.beginPath();
  show.hollow.forEach((failed, i) => {
    if (!failed) return;
    context.rect(at.x(show.points[2 * i]) - 3.5, at.y(show.points[2 * i + 1]) - 3.5, 7, 7);
  });
  stroke(context, "#fff", 3.5); // first the halo of all: no square hides another
  stroke(context, INK, 1.5);
  context.globalAlpha = 1;
}

function drawWhiskers(context, at, from, to) {
  context.beginPath();
  for (let i = 0; i < from.length; i += 2) {
    context.moveTo(at.x(from[i]), at.y(from[i + 1]));
    context.lineTo(at.x(to[i]), at.y(to[i + 1]));
  }
  stroke(context, "#444", 0.7);
}

/** A cross where a loop stopped, with a word. */
export function drawStop(context, size, radius, [x, y], word) {
  const at = toPixel(size, radius);
  const [px, py] = [at.x(x), at.y(y)];
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(px - 7, py - 7 * side);
    context.lineTo(px + 7, py + 7 * side);
  }
  stroke(context, "#fff", 7);
  stroke(context, "#7a0177", 3.5);
  plate(context, word, px, py < 30 ? py + 20 : py - 20);
}

/** Rings round a point of the proposal (small) and its correction. */
export function drawMark(context, size, radius, from, to) {
  const at = toPixel(size, radius);
  const ring = ([x, y], r) => {
    context.beginPath();
    context.arc(at.x(x), at.y(y), r, 0, 2 * Math.PI);
    stroke(context, "#fff", 5);
    stroke(context, "#7a0177", 2.5);
  };
  ring(from, 5);
  ring(to, 8);
}
