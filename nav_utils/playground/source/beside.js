// The smaller figures beside the map: a fresh discriminator, the best one, their reliability.

import { colours, fit } from "../../browser/source/canvas.js";
import { drawReliability } from "./curves.js";
import { drawError, drawGround } from "./plane.js";

/** Draw those that there is something for, and take the others away. view: see view.js. */
export function drawBeside({ contexts, fitted, frozen, news, parts, words }) {
  const wanted = {
    fresh: frozen && (fitted?.fresh ?? news.fresh),
    truth: news.exact?.truth,
    error: news.exact && news.map,
    reliability: frozen && fitted?.result,
  };
  const dpr = devicePixelRatio;
  for (const [name, there] of Object.entries(wanted)) {
    const figure = parts[`${name}Figure`];
    figure.hidden = !there;
    if (!there) {
      figure.remove();
      continue;
    }
    if (!figure.isConnected) parts.beside.append(figure);
    const [canvas, context] = [parts[name], contexts[name]];
    const size = canvas.clientWidth;
    fit(canvas, size, canvas.clientHeight);
    if (name === "error") drawError(context, size, dpr, news.map, news.exact.truth);
    else if (name === "reliability") {
      context.setTransform(dpr, 0, 0, dpr, 0, 0);
      drawReliability(context, canvas, fitted.result, { theme: colours(parts.card), words });
    } else drawGround(context, size, dpr, there, words);
  }
}
