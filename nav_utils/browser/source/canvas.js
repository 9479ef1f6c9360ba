// Canvases in a card.

/** Give a canvas the pixels of the screen; whether that changed, and so emptied, it. */
export function fit(canvas, width, height) {
  const wanted = [width, height].map((size) => Math.round(size * devicePixelRatio));
  if (canvas.width === wanted[0] && canvas.height === wanted[1]) return false;
  [canvas.width, canvas.height] = wanted;
  return true;
}

/** The colours that the style gives a card, by name. */
export function colours(card) {
  const style = getComputedStyle(card);
  const names = ["text", "back", "faint", "zone", "mark"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]));
}
