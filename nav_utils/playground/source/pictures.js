// Images as grey levels, 8 x 8 pixels each, one after another.

/** The first image of each class. */
export function firstOfEach({ labels }) {
  return Array.from({ length: 10 }, (_, label) => labels.indexOf(label));
}

/** Images as grey levels 0 to 255, one after another. */
export function greyOf({ grey, pixels }, rows) {
  const found = new Uint8Array(rows.length * pixels);
  rows.forEach((row, j) => {
    for (let i = 0; i < pixels; i++) found[j * pixels + i] = (grey[row * pixels + i] * 255) / 16;
  });
  return found;
}

/** The first `some` columns of logits (pixels, n) as grey levels, image after image. */
export function inkOf(logits, n, some, pixels) {
  return Uint8Array.from({ length: some * pixels }, (_, i) => {
    const [image, pixel] = [Math.floor(i / pixels), i % pixels];
    return 255.5 / (1 + Math.exp(-logits[pixel * n + image]));
  });
}
