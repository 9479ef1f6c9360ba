// The two ends of the path: dragged by mouse, pen or finger, or moved with the arrow keys.

import { toPixel } from "./map.js";

const STEP = 0.05; // of an arrow key, in latent units
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param {HTMLElement} handle
 * @param {HTMLElement} map the square that it moves on
 * @param {number} radius of the map, in latent units
 * @param {{read: () => number[], write: (z: number[]) => void, release: () => void}} end
 */
export function makeDraggable(handle, map, radius, { read, write, release }) {
  let held = null; // where in the handle it was taken, from its centre
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return; // the menu's button
    const box = handle.getBoundingClientRect();
    held = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = map.getBoundingClientRect();
    const x = event.clientX - box.left - held[0];
    write(toPixel(box.width, radius).back(x, event.clientY - box.top - held[1]));
  });
  for (const over of ["pointerup", "pointercancel"]) {
    handle.addEventListener(over, () => {
      if (held) release();
      held = null;
    });
  }
  handle.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // or the page scrolls
    const step = STEP * (event.shiftKey ? 5 : event.altKey ? 0.2 : 1);
    const [x, y] = read();
    write([x + arrow[0] * step, y + arrow[1] * step]);
  });
  handle.addEventListener("keyup", (event) => ARROWS[event.key] && release());
}
