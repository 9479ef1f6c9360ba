// What maps of D have in common: colours, contours, codes.
// Colours mean one thing everywhere: D is orange (0), light grey (1/2), blue (1).

const STOPS = ["b35806", "f1a340", "fee0b6", "f2f2f2", "c6dbef", "6baed6", "08519c"].map((hex) =>
  [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)),
);
const D_LIMIT = 4; // the logit where the colours end
export const INK = "#111";
export const CLASSES = [
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
export const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** Write the colour of a logit to out[at] and the three numbers after it. */
export function colour(a, out, at) {
  const x =
    ((Math.max(-D_LIMIT, Math.min(D_LIMIT, a)) + D_LIMIT) / (2 * D_LIMIT)) * (STOPS.length - 1);
  const k = Math.min(Math.floor(x), STOPS.length - 2);
  for (let c = 0; c < 3; c++) out[at + c] = STOPS[k][c] + (x - k) * (STOPS[k + 1][c] - STOPS[k][c]);
  out[at + 3] = 255;
}

/** From latent coordinates to pixels of a square canvas, and back. */
export const toPixel = (size, radius) => ({
  x: (x) => ((x / radius + 1) / 2) * size,
  y: (y) => ((1 - y / radius) / 2) * size,
  back: (px, py) => [((px / size) * 2 - 1) * radius, (1 - (py / size) * 2) * radius],
});

/**
 * Segments [x, y, x, y, ...], in cells, where a table of n x n logits crosses `level`; row i is at
 * y = i, column j at x = j.
 */
export function contour(a, level) {
  const found = [];
  const n = Math.sqrt(a.length);
  const crossing = (p, q) => (level - p) / (q - p);
  for (let row = 0; row < n - 1; row++) {
    for (let column = 0, i = row * n; column < n - 1; column++, i++) {
      // The cell's corners, anticlockwise from the lower left one.
      const [p, q, r, s] = [a[i], a[i + 1], a[i + n + 1], a[i + n]];
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

/** Draw where a table of logits is `level`; the segments, in pixels. */
export function strokeContour(context, a, size, level, width, dash) {
  const segments = contour(a, level);
  const scale = size / (Math.sqrt(a.length) - 1);
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
export function labelContour(context, pixels, size, label) {
  let best = 0;
  const distance = (i) => Math.hypot(pixels[i] - size * 0.72, pixels[i + 1] - size * 0.1);
  for (let i = 0; i < pixels.length; i += 4) if (distance(i) < distance(best)) best = i;
  const inside = (x, edge) => Math.min(Math.max(x, edge), size - edge);
  if (pixels.length) plate(context, label, inside(pixels[best], 24), inside(pixels[best + 1], 9));
}

/** Text on a ground of its own: lines that pass behind it stop there. */
export function plate(context, text, x, y) {
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
export function drawCodes(context, { codes, labels }, at, classes) {
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

/** Begin a path through points. */
export function trace(context, at, points) {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(at.x(points[i]), at.y(points[i + 1]));
}

export function stroke(context, style, width) {
  context.strokeStyle = style;
  context.lineWidth = width;
  context.stroke();
}

/** The prior's contours, lists of x and y in turn: dashed, and to be seen on every ground. */
export function drawPrior(context, at, contours) {
  for (const line of contours) {
    trace(context, at, line);
    stroke(context, "rgba(255, 255, 255, 0.4)", 2); // to be seen where D is near 0 or 1
    context.setLineDash([5, 4]);
    stroke(context, "#333", 0.8);
    context.setLineDash([]);
  }
}
