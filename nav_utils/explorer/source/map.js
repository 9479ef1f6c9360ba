// The map of D and the paths on it.
// Colours mean one thing everywhere: D is orange (0), light grey (1/2), blue (1).

import { bandOf } from "./correction.js";

const STOPS = ["b35806", "f1a340", "fee0b6", "f2f2f2", "c6dbef", "6baed6", "08519c"].map((hex) =>
  [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)),
);
const D_LIMIT = 4; // the logit where the colours end
const INK = "#111";
const CLASSES = [
  "#1b1b1b",
  "#6a1b7a",
  "#9c0f3f",
  "#2f5d1e",
  "#5b4a00",
  "#0b5a55",
  "#7a3b69",
  "#444444",
  "#8a1c1c",
  "#3d2f6b",
];
const RASTER = 480; // pixels of the map; it is smooth and may be drawn larger
const STRIPE = 10; // pixels between two lines of the hatching
const RESOLUTION = 161; // of the table that contours are drawn from

export const sigmoid = (a) => 1 / (1 + Math.exp(-a));

function colour(a, out, at) {
  const x =
    ((Math.max(-D_LIMIT, Math.min(D_LIMIT, a)) + D_LIMIT) / (2 * D_LIMIT)) * (STOPS.length - 1);
  const k = Math.min(Math.floor(x), STOPS.length - 2);
  for (let c = 0; c < 3; c++) out[at + c] = STOPS[k][c] + (x - k) * (STOPS[k + 1][c] - STOPS[k][c]);
  out[at + 3] = 255;
}

// What a page computes once for each space, however many explorers there are, and of whatever size.
const rasters = new WeakMap(); // space -> canvas of RASTER x RASTER pixels
const tables = new WeakMap(); // space -> logits at RESOLUTION x RESOLUTION places

/** The map of D, hatched where there are no data. */
function raster(space) {
  if (rasters.has(space)) return rasters.get(space);
  const { radius } = space.meta;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = RASTER;
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

/** Segments [x, y, x, y, ...] in cells of the table where the logit crosses `level`. */
export function contour(a, level) {
  const found = [];
  const crossing = (p, q) => (level - p) / (q - p);
  for (let row = 0; row < RESOLUTION - 1; row++) {
    for (let column = 0, i = row * RESOLUTION; column < RESOLUTION - 1; column++, i++) {
      // The cell's corners, anticlockwise from the lower left one.
      const [p, q, r, s] = [a[i], a[i + 1], a[i + RESOLUTION + 1], a[i + RESOLUTION]];
      const above = (p > level) + (q > level) + (r > level) + (s > level);
      if (above === 0 || above === 4) continue;
      if (p > level !== q > level) found.push(column + crossing(p, q), row);
      if (q > level !== r > level) found.push(column + 1, row + crossing(q, r));
      if (r > level !== s > level) found.push(column + 1 - crossing(r, s), row + 1);
      if (s > level !== p > level) found.push(column, row + 1 - crossing(s, p));
    }
  }
  return found;
}

/** From latent coordinates to pixels of a square canvas, and back. */
export const toPixel = (size, radius) => ({
  x: (x) => ((x / radius + 1) / 2) * size,
  y: (y) => ((1 - y / radius) / 2) * size,
  back: (px, py) => [((px / size) * 2 - 1) * radius, (1 - (py / size) * 2) * radius],
});

/** The ground: D, codes, the prior's contours, the contour D = 1/2 and the band's rims. */
export function drawGround(context, space, size, dpr, state, words) {
  const { radius, contours } = space.meta;
  const at = toPixel(size, radius);
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.drawImage(raster(space), 0, 0, size, size);
  drawCodes(context, space, at, state.classes);
  for (const line of contours) {
    trace(context, at, line);
    stroke(context, "rgba(255, 255, 255, 0.4)", 2); // to be seen where D is near 0 or 1
    context.setLineDash([5, 4]);
    stroke(context, "#333", 0.8);
    context.setLineDash([]);
  }
  const free = state.method === "score" || state.method === "string"; // which know no level of a
  const centre = free || state.goal === "below" ? 0 : (state.level ?? 0);
  const rims = [centre - bandOf(state), centre + bandOf(state)];
  const half = strokeContour(context, space, size, 0, 1.6, []);
  for (const level of rims) strokeContour(context, space, size, level, 0.8, [1.5, 2.5]);
  if (state.level !== null && !free) strokeContour(context, space, size, state.level, 1.4, [7, 3]);
  labelContour(context, half, size, words.half);
}

/** Draw where the logit is `level`; the segments, in pixels. */
function strokeContour(context, space, size, level, width, dash) {
  const segments = contour(table(space), level);
  const scale = size / (RESOLUTION - 1);
  const pixels = segments.map((x, i) => (i % 2 ? size - x * scale : x * scale));
  context.beginPath();
  for (let i = 0; i < pixels.length; i += 4) {
    context.moveTo(pixels[i], pixels[i + 1]);
    context.lineTo(pixels[i + 2], pixels[i + 3]);
  }
  context.strokeStyle = INK;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.stroke();
  context.setLineDash([]);
  return pixels;
}

/** On the piece nearest to a place where a label seldom covers anything. */
function labelContour(context, pixels, size, label) {
  let best = 0;
  const distance = (i) => Math.hypot(pixels[i] - size * 0.72, pixels[i + 1] - size * 0.1);
  for (let i = 0; i < pixels.length; i += 4) if (distance(i) < distance(best)) best = i;
  if (pixels.length) plate(context, label, pixels[best], pixels[best + 1]);
}

/** Text on a ground of its own: lines that pass behind it stop there. */
function plate(context, text, x, y) {
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  const width = context.measureText(text).width + 6;
  context.fillStyle = "#fff";
  context.fillRect(x - width / 2, y - 8, width, 16);
  context.fillStyle = INK;
  context.fillText(text, x, y);
}

/** Codes as faint points or, by class, as the digits themselves: told by shape, not by colour. */
function drawCodes(context, space, at, classes) {
  const { codes, labels } = space;
  context.font = "9px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = "rgba(0, 0, 0, 0.28)";
  for (let i = 0; i < labels.length; i++) {
    const [x, y] = [at.x(codes[2 * i]), at.y(codes[2 * i + 1])];
    if (classes) {
      context.fillStyle = CLASSES[labels[i] % CLASSES.length];
      context.fillText(labels[i], x, y);
    } else context.fillRect(x - 0.7, y - 0.7, 1.4, 1.4);
  }
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

function trace(context, at, points) {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(at.x(points[i]), at.y(points[i + 1]));
}

function stroke(context, style, width) {
  context.strokeStyle = style;
  context.lineWidth = width;
  context.stroke();
}
