// The two ends of the path: dragged by mouse, pen or finger, or moved with the arrow keys.

import { listen } from "./make.js";
import { toPixel } from "./map.js";

const STEP = 0.05; // of an arrow key, in latent units
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param {HTMLElement} handle
 * @param {HTMLElement} map the square that it moves on
 * @param {() => number} radius of the map, in latent units
 * @param {{read: () => number[], write: (z: number[]) => void, release: () => void}} end
 */
export function makeDraggable(handle, map, radius, { read, write, release }) {
  let held = null; // by which pointer, and where in the handle, from its centre
  let moved = false;
  const move = (z) => {
    moved = true;
    write(z);
  };
  const letGo = () => {
    if (moved) release();
    moved = false;
  };
  listen(handle, "pointerdown", (event) => {
    if (event.button !== 0 || held) return; // the menu's button; a second finger
    const { left, top, width, height } = handle.getBoundingClientRect();
    const { pointerId, clientX, clientY } = event;
    held = { pointerId, x: clientX - left - width / 2, y: clientY - top - height / 2 };
    handle.setPointerCapture(pointerId);
  });
  listen(handle, "pointermove", ({ pointerId, clientX, clientY }) => {
    if (held?.pointerId !== pointerId) return;
    const { left, top, width } = map.getBoundingClientRect();
    move(toPixel(width, radius()).back(clientX - left - held.x, clientY - top - held.y));
  });
  for (const over of ["pointerup", "pointercancel"]) {
    listen(handle, over, (event) => {
      if (held?.pointerId !== event.pointerId) return;
      held = null;
      letGo();
    });
  }
  listen(handle, "keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // or the page scrolls
    const step = STEP * (event.shiftKey ? 5 : event.altKey ? 0.2 : 1);
    const [x, y] = read();
    move([x + arrow[0] * step, y + arrow[1] * step]);
  });
  listen(handle, "keyup", (event) => ARROWS[event.key] && letGo());
  listen(handle, "blur", () => held || letGo()); // a key's end may be heard elsewhere
}
