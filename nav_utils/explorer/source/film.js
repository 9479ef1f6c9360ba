// The rows of decoded images, and the sentence that says what made them.

import { drawRows } from "./curve.js";
import { SHOWN } from "./layout.js";

/** The point that image k of a row shows, of n. */
export const shownAt = (k, n) => Math.round((k / (SHOWN - 1)) * (n - 1));

/** x and y of the points that are shown. */
function shown(points) {
  const some = new Float64Array(2 * SHOWN);
  for (let k = 0; k < SHOWN; k++) {
    const i = shownAt(k, points.length / 2);
    some.set(points.subarray(2 * i, 2 * i + 2), 2 * k);
  }
  return [...some];
}

/**
 * @param {object} space from `readPayload`
 * @param {{context: CanvasRenderingContext2D, note: HTMLElement}} parts
 * @param {object} words all texts
 * @param {() => void} redraw asks for a new picture
 */
export function makeFilm({ meta, decode, atlas }, { context, note }, words, redraw) {
  let exact = { of: "" }; // what a kernel has decoded: { of: places as text, pixels }
  let trouble = "";
  atlas?.open().then(redraw, ({ message }) => {
    trouble = message;
    redraw();
  });

  const sentence = (images, places) => {
    if (!atlas) return words.imagesExact;
    if (exact.of === places) return words.imagesKernel;
    if (trouble) return words.imagesNone(trouble);
    return images ? words.imagesAtlas(atlas.nodes, atlas.error) : words.imagesWait;
  };

  return {
    /** Draw points of the proposal above those of the correction. */
    draw(above, below) {
      const points = [...shown(above), ...shown(below)];
      const places = String(points);
      const known = exact.of === places;
      const images = known ? exact.pixels : decode(Float64Array.from(points));
      drawRows(context, meta.image, images);
      note.textContent = sentence(images, places);
    },
    /** Ask a host that has a decoder for exact images: `ask` gets a list of x and y in turn. */
    ask: (above, below, ask) => atlas && ask?.([...shown(above), ...shown(below)]),
    /** What the host has decoded, and where. */
    receive(points, pixels) {
      if (!atlas || pixels.length !== 2 * SHOWN * meta.image.reduce((a, b) => a * b)) return;
      exact = { of: String(points), pixels };
      redraw();
    },
  };
}
