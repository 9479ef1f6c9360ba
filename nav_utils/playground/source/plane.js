// The plane: the map of D, the prior, codes, and what one step does to them.

import { make } from "../../browser/source/make.js";
import {
  CLASSES,
  INK,
  colour,
  drawPrior,
  labelContour,
  sigmoid,
  stroke,
  strokeContour,
  toPixel,
} from "../../browser/source/map.js";
import { MAP } from "./protocol.js";

export const { radius: RADIUS, nodes: NODES } = MAP;
const GLYPH = 11; // pixels of a digit
const BLANK = "#f2f2f2"; // where there is no D: neither orange nor blue
const CIRCLES = [1, 2].map((sigma) =>
  Array.from({ length: 98 }, (_, i) => {
    const angle = (2 * Math.PI * (i >> 1)) / 48;
    return sigma * (i % 2 ? Math.sin(angle) : Math.cos(angle));
  }),
);

const LADDER = [RADIUS, 5, 7, 10, 14, 20, 30, 45, 70, 100];

/** The radius that shows all but a few codes: that of the map, or the next of a few larger ones. */
export function radiusFor(codes) {
  const reach = [];
  for (let i = 0; i < codes.length; i += 2) {
    reach.push(Math.max(Math.abs(codes[i]), Math.abs(codes[i + 1])));
  }
  reach.sort((a, b) => a - b);
  const most = reach[Math.floor(0.99 * reach.length)] ?? 0;
  return LADDER.find((radius) => radius >= most) ?? LADDER.at(-1);
}

/** A canvas of one pixel for each node of a table of numbers, coloured by paint(x, out, at). */
function raster(table, paint) {
  const canvas = make("canvas", { width: NODES, height: NODES });
  const context = canvas.getContext("2d");
  const image = context.createImageData(NODES, NODES);
  for (let i = 0; i < table.length; i++) {
    const row = NODES - 1 - Math.floor(i / NODES); // y points up
    paint(table[i], image.data, 4 * (row * NODES + (i % NODES)));
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * A map of D from a table of logits, or blank; with the contour D = 1/2 and the prior's circles.
 * Beyond the table's own radius it is blank.
 */
export function drawGround(context, size, dpr, logits, words, radius = RADIUS) {
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.fillStyle = BLANK;
  context.fillRect(0, 0, size, size);
  const side = (RADIUS / radius) * size; // of the map
  const edge = (size - side) / 2;
  if (logits) spread(context, raster(logits, colour), edge, side);
  drawPrior(context, toPixel(size, radius), CIRCLES);
  if (!logits) return;
  context.translate(edge, edge);
  const half = strokeContour(context, logits, side, 0, 1.6, []);
  labelContour(context, half, side, words.half);
  context.translate(-edge, -edge);
}

/** Draw a raster so that the centres of its outer pixels lie on the edge of a square. */
function spread(context, canvas, from, side) {
  const cell = side / (NODES - 1);
  context.save();
  context.beginPath();
  context.rect(from, from, side, side);
  context.clip();
  context.drawImage(canvas, from - cell / 2, from - cell / 2, side + cell, side + cell);
  context.restore();
}

/** |D - D*| from white (0) to black (1/2 and more). */
export function drawError(context, size, dpr, logits, truth) {
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  const off = logits.map((a, i) => Math.abs(sigmoid(a) - sigmoid(truth[i])));
  const paint = (x, out, at) => {
    out.fill(255 * (1 - Math.min(2 * x, 1)), at, at + 3);
    out[at + 3] = 255;
  };
  spread(context, raster(off, paint), 0, size);
}

const glyphs = new Map(); // by pixels and class

/** The digit of a class in its colour, with a light edge, on a canvas. */
function glyph(label, dpr) {
  const key = `${label} ${dpr}`;
  if (!glyphs.has(key)) {
    const side = Math.ceil((GLYPH + 4) * dpr);
    const canvas = make("canvas", { width: side, height: side });
    const context = canvas.getContext("2d");
    context.font = `bold ${GLYPH * dpr}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 2 * dpr;
    context.strokeStyle = "rgba(255, 255, 255, 0.6)";
    context.strokeText(label, side / 2, side / 2);
    context.fillStyle = CLASSES[label % CLASSES.length];
    context.fillText(label, side / 2, side / 2);
    glyphs.set(key, canvas);
  }
  return glyphs.get(key);
}

/** All codes: digits by class, told by shape and colour, or dots where there are no classes. */
export function drawCodes(context, size, dpr, codes, labels, radius) {
  const at = toPixel(size, radius);
  const side = GLYPH + 4;
  const whole = (x) => Math.round((x - side / 2) * dpr) / dpr; // in pixels of the screen: faster
  context.fillStyle = INK;
  for (let i = 0; i < codes.length / 2; i++) {
    const [x, y] = [at.x(codes[2 * i]), at.y(codes[2 * i + 1])];
    if (!labels.length) context.fillRect(x - 1, y - 1, 2, 2);
    else context.drawImage(glyph(labels[i], dpr), whole(x), whole(y), side, side);
  }
}

/** Crosses at samples of the prior. */
export function drawSamples(context, size, points, radius) {
  const at = toPixel(size, radius);
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [at.x(points[i]), at.y(points[i + 1])];
    context.moveTo(x - 3.5, y - 3.5);
    context.lineTo(x + 3.5, y + 3.5);
    context.moveTo(x - 3.5, y + 3.5);
    context.lineTo(x + 3.5, y - 3.5);
  }
  stroke(context, "#fff", 3);
  stroke(context, INK, 1.3);
}

/** Lines from points to other points, with a dot at the start; `scale` stretches them. */
export function drawMoves(context, size, from, to, radius) {
  const at = toPixel(size, radius);
  context.beginPath();
  for (let i = 0; i < from.length; i += 2) {
    context.moveTo(at.x(from[i]), at.y(from[i + 1]));
    context.lineTo(at.x(to[i]), at.y(to[i + 1]));
  }
  stroke(context, "#fff", 4);
  stroke(context, "#7a0177", 1.6);
}

/** Where pulls lead, the longest a seventh of the radius. */
export function pulled(codes, pulls, radius) {
  let longest = 1e-30;
  for (let i = 0; i < pulls.length; i += 2) {
    longest = Math.max(longest, Math.hypot(pulls[i], pulls[i + 1]));
  }
  return codes.map((x, i) => x + (radius / 7 / longest) * pulls[i]);
}

/** A table's value at a place, between its nodes; null beyond it. */
export function valueAt(table, [x, y]) {
  if (!table || Math.max(Math.abs(x), Math.abs(y)) > RADIUS) return null;
  const place = (u) => Math.min(Math.max(((u / RADIUS + 1) / 2) * (NODES - 1), 0), NODES - 1.001);
  const [j, i] = [place(x), place(y)];
  const [column, row] = [Math.floor(j), Math.floor(i)];
  const [f, g] = [j - column, i - row];
  const at = (r, c) => table[(row + r) * NODES + column + c];
  const lower = at(0, 0) + f * (at(0, 1) - at(0, 0));
  return lower + g * (at(1, 0) + f * (at(1, 1) - at(1, 0)) - lower);
}
