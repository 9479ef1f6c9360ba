// The losses as curves, and the reliability diagram.

const FONT = "12px system-ui, sans-serif";
const MARGIN = { left: 34, right: 8, top: 18, bottom: 18 };
const ROW = 4; // numbers of one step: step, reconstruction, adversarial, discriminator

/** The losses of a run, step by step. */
export class History {
  rows = [];

  clear() {
    this.rows = [];
  }

  /** losses: four numbers for each step, see protocol.js. */
  add(losses) {
    for (let i = 0; i < losses.length; i += ROW) this.rows.push(losses.subarray(i, i + ROW));
  }

  get last() {
    return this.rows.at(-1) ?? null;
  }

  /** Means of one loss over equal pieces of the run: [step, mean] of those that have any. */
  means(which, pieces) {
    const size = Math.max(1, Math.ceil(this.rows.length / pieces));
    const found = [];
    for (let from = 0; from < this.rows.length; from += size) {
      const piece = this.rows.slice(from, from + size).filter((row) => Number.isFinite(row[which]));
      const sum = piece.reduce((total, row) => total + row[which], 0);
      if (piece.length) found.push([piece[piece.length >> 1][0], sum / piece.length]);
    }
    return found;
  }
}

/**
 * Two frames, one above the other: reconstruction; adversarial (or KL) and discriminator, whose sum
 * over both classes is halved, so that ln 2 is what a blind one has.
 *
 * look: { theme (see canvas.js), words, end (last step of the run), hasD, optimum (null, or the loss
 * of D*, of both classes) }.
 */
export function drawLosses(context, canvas, history, { theme, words, end, hasD, optimum }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  context.fillStyle = theme.back; // opaque: a page may be printed
  context.fillRect(0, 0, width, height);
  const pieces = Math.max(20, Math.round(width / 3));
  const mean = (which) => history.means(which, pieces);
  const last = Math.max(end, history.last?.[0] ?? 1);
  const lines = [
    { name: words.lossNames[1], points: mean(2), dash: [6, 4] },
    { name: words.lossNames[2], points: mean(3).map(([k, x]) => [k, x / 2]), dash: [] },
  ].filter(({ points }) => points.length);
  const marks = hasD ? [{ at: Math.LN2, text: words.ln2 }] : [];
  if (optimum !== null) marks.push({ at: optimum / 2, text: words.optimum });
  const rebuilt = [{ name: words.lossNames[0], points: mean(1), dash: [] }];
  const both = rebuilt[0].points.length > 0 || optimum === null;
  const half = both ? height / 2 : 0;
  const paint = (top, bottom, curves, rules) =>
    panel(context, { left: 0, top, width, height: bottom - top }, curves, rules, last, theme);
  if (both) paint(0, lines.length ? half : height, rebuilt, []);
  if (lines.length) paint(half, height, lines, marks);
}

function panel(context, box, lines, marks, last, theme) {
  const { left, right, top, bottom } = MARGIN;
  const values = [
    ...lines.flatMap(({ points }) => points.map(([, x]) => x)),
    ...marks.map((m) => m.at),
  ];
  const [low, high] = range(values);
  const x = (k) => box.left + left + (k / last) * (box.width - left - right);
  const y = (v) =>
    box.top + box.height - bottom - ((v - low) / (high - low)) * (box.height - top - bottom);
  context.font = FONT;
  context.textBaseline = "middle";
  context.lineWidth = 1;
  context.strokeStyle = theme.faint;
  context.strokeRect(x(0), y(high), x(last) - x(0), y(low) - y(high));
  context.fillStyle = theme.text;
  context.textAlign = "right";
  const none = !values.some(Number.isFinite); // nothing has been measured yet
  for (const v of none ? [] : [low, high]) context.fillText(tick(v), x(0) - 4, y(v));
  context.fillText(String(last), x(last), y(low) + 10);
  context.textAlign = "left";
  for (const { at, text } of marks) {
    stroke(
      context,
      [
        [0, at],
        [last, at],
      ],
      x,
      y,
      theme.faint,
      [2, 3],
      1.2,
    );
  }
  let from = x(0);
  for (const { name, points, dash } of lines) {
    stroke(context, points, x, y, theme.text, dash, 1.8);
    stroke(
      context,
      [
        [0, 0],
        [1, 0],
      ],
      (k) => from + 18 * k,
      () => box.top + 9,
      theme.text,
      dash,
      1.8,
    );
    context.fillText(name, from + 22, box.top + 9);
    from += 34 + context.measureText(name).width;
  }
  context.textAlign = "right";
  for (const { at, text } of marks) {
    const room = context.measureText(text).width + 4;
    const above = y(at) > y(high) + 18;
    context.fillStyle = theme.back; // a ground of its own: lines stop there
    context.fillRect(x(last) - room - 3, y(at) + (above ? -16 : 3), room, 13);
    context.fillStyle = theme.text;
    context.fillText(text, x(last) - 5, y(at) + (above ? -9 : 10));
  }
}

function stroke(context, points, x, y, colour, dash, width) {
  context.beginPath();
  for (const [k, v] of points) context.lineTo(x(k), y(v));
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

/** Lowest and highest value, not too near to each other. */
function range(values) {
  const finite = values.filter(Number.isFinite);
  const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
  const room = Math.max(0.05 * (high - low), 0.02);
  return [low - room, high + room];
}

const tick = (v) => v.toFixed(Math.abs(v) < 10 ? 2 : 0).replace("-", "\u2212");

/**
 * Predicted D against the share of prior samples, a diagonal where it is calibrated; the left-over
 * discriminator as hollow squares, the fresh one as discs, with 95 % intervals.
 */
export function drawReliability(context, canvas, { leftOver, fresh }, { theme, words }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  context.fillStyle = theme.back;
  context.fillRect(0, 0, width, height);
  const { left, right, top, bottom } = MARGIN;
  const x = (p) => left + p * (width - left - right);
  const y = (p) => height - bottom - p * (height - top - bottom);
  context.font = FONT;
  context.textBaseline = "middle";
  context.strokeStyle = theme.faint;
  context.strokeRect(x(0), y(1), x(1) - x(0), y(0) - y(1));
  stroke(
    context,
    [
      [0, 0],
      [1, 1],
    ],
    x,
    y,
    theme.faint,
    [2, 3],
    1.2,
  );
  context.fillStyle = theme.text;
  context.textAlign = "left";
  context.fillText(words.reliabilityAxis, x(0), 9);
  context.textAlign = "right";
  for (const p of [0, 1]) context.fillText(String(p), x(0) - 5, y(p));
  context.fillText(words.predicted, x(1), y(0) + 10);
  for (const [judged, hollow] of [
    [leftOver, true],
    [fresh, false],
  ]) {
    for (const { predicted, observed, count, low, high } of judged?.bins ?? []) {
      if (!count) continue;
      stroke(
        context,
        [
          [predicted, low],
          [predicted, high],
        ],
        x,
        y,
        theme.text,
        [],
        1,
      );
      context.beginPath();
      if (hollow) context.rect(x(predicted) - 4, y(observed) - 4, 8, 8);
      else context.arc(x(predicted), y(observed), 4.5, 0, 2 * Math.PI);
      context.fillStyle = hollow ? theme.back : theme.text;
      context.fill();
      context.stroke();
    }
  }
}
