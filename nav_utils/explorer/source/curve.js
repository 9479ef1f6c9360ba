// D along a path.

import { sigmoid } from "../../browser/source/map.js";

const FONT = "12px system-ui, sans-serif";
const MARGIN = { left: 26, right: 8, top: 20, bottom: 18 }; // pixels round the axes

/**
 * D along the path: dashed the proposal, solid the correction, shaded what counts as inside.
 *
 * stage: { a (logits of the correction), corrected, hollow }; look: { zone (two values of D, or
 * null), mark (a point, or null), theme, words }. Returns { indexAt: from a pixel to a point }.
 */
export function drawCurve(context, canvas, path, stage, look) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const { left, right, top, bottom } = MARGIN;
  const n = path.aProposal.length;
  const x = (i) => left + (i / (n - 1)) * (width - left - right);
  const y = (d) => height - bottom - d * (height - top - bottom);
  context.fillStyle = look.theme.back; // opaque: a page may be printed
  context.fillRect(0, 0, width, height);
  drawAxes(context, x, y, n, look);
  context.strokeStyle = look.theme.text;
  const line = (logits) => {
    context.beginPath();
    logits.forEach((a, i) => Number.isFinite(a) && context.lineTo(x(i), y(sigmoid(a))));
    context.stroke();
  };
  context.setLineDash([6, 4]);
  context.lineWidth = 1.3;
  line(path.aProposal);
  context.setLineDash([]);
  context.lineWidth = 2.2;
  if (stage.corrected) line(stage.a);
  context.lineWidth = 1.5;
  stage.hollow.forEach((failed, i) => {
    if (failed) context.strokeRect(x(i) - 3, y(sigmoid(stage.a[i])) - 3, 6, 6);
  });
  if (look.mark !== null) {
    context.fillStyle = look.theme.mark;
    context.fillRect(x(look.mark) - 1, y(1), 2, y(0) - y(1));
  }
  const share = (pixel) => Math.min(Math.max((pixel - left) / (width - left - right), 0), 1);
  return { indexAt: (pixel) => Math.round(share(pixel) * (n - 1)) };
}

function drawAxes(context, x, y, n, { zone, theme, words }) {
  const box = (low, high) => [x(0), y(high), x(n - 1) - x(0), y(low) - y(high)];
  context.fillStyle = theme.zone;
  if (zone) context.fillRect(...box(...zone));
  context.strokeStyle = theme.faint;
  context.lineWidth = 1;
  context.strokeRect(...box(0, 1));
  context.fillStyle = theme.text;
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [d, text] of [
    [0, "0"],
    [0.5, "½"],
    [1, "1"],
  ])
    context.fillText(text, x(0) - 5, y(d));
  context.textAlign = "center";
  context.fillText("A", x(0), y(0) + 10);
  context.fillText("B", x(n - 1), y(0) + 10);
  context.textAlign = "left";
  context.fillText(words.axisD, x(0), 9);
}
