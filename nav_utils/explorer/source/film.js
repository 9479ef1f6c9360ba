// The rows of decoded images, and the sentence that says what made them.

import { drawRows } from "../../browser/source/rows.js";
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
  let exact = {}; // what a kernel has decoded: { of: places as text, pixels }
  let trouble = "";
  atlas?.open().then(redraw, ({ message }) => {
    trouble = message;
    redraw();
  });

  const sentence = (images) => {
    if (!atlas) return words.imagesExact;
    if (images === exact.pixels) return words.imagesKernel;
    if (images) return words.imagesAtlas(atlas);
    return trouble ? words.imagesNone(trouble) : words.imagesWait;
  };

  return {
    /** Draw points of the proposal above those of the correction. */
    draw(above, below) {
      const points = [...shown(above), ...shown(below)];
      const isKnown = exact.of === String(points);
      const images = isKnown ? exact.pixels : decode(Float64Array.from(points));
      drawRows(context, meta.image, images);
      note.textContent = sentence(images);
    },
    /** Ask a host that has a decoder for exact images: `ask` gets a list of x and y in turn. */
    ask: (above, below, ask) => atlas && ask?.([...shown(above), ...shown(below)]),
    /** What the host has decoded, and where: its answer, or another message that is none. */
    receive(points, pixels) {
      if (pixels?.byteLength !== 2 * SHOWN * meta.image.reduce((a, b) => a * b)) return;
      const { buffer, byteOffset, byteLength } = pixels;
      exact = { of: String(points), pixels: new Uint8Array(buffer, byteOffset, byteLength) };
      redraw();
    },
  };
}
