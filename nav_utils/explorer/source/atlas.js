// An atlas: decoded images at the nodes of a grid over the map, as one JPEG sheet; see
// nav_utils/explorer/atlas.py.

const BLOCK = 8; // pixels, to whose multiples a tile is filled up

const blocks = (size) => Math.ceil(size / BLOCK) * BLOCK;

/**
 * { nodes, error, open, decode }. decode(points, Float64Array(2k)) -> Uint8Array(k size), as the
 * one in mlp.js, blended from the four nearest images; null until `open`, a promise, is done. A
 * point beyond the map has the image of the nearest place on it. unpack: see `pixelsOf`.
 */
export function atlas(sheet, { nodes, error }, image, radius, unpack = pixelsOf) {
  const [channels, height, width] = image;
  const [tall, wide] = [blocks(height), blocks(width)];
  let pixels = null; // of the sheet, four numbers each
  let opening = null;
  let images = new Uint8Array(0);

  async function read() {
    const found = await unpack(sheet);
    if (found.width !== nodes * wide || found.height !== nodes * tall) {
      const came = `${found.width} x ${found.height}`;
      throw new Error(`expected ${nodes * wide} x ${nodes * tall} pixels, got ${came}`);
    }
    pixels = found.data;
  }

  const place = (x) => {
    const at = Math.min(Math.max(((x / radius + 1) / 2) * (nodes - 1), 0), nodes - 1);
    const low = Math.min(Math.floor(at), nodes - 2);
    return [low, at - low];
  };

  function decode(points) {
    if (!pixels) return null;
    const k = points.length / 2;
    const size = channels * height * width;
    if (images.length < k * size) images = new Uint8Array(k * size);
    const [right, below] = [4 * wide, 4 * nodes * wide * tall]; // to the next tile
    for (let point = 0, to = 0; point < k; point++) {
      const [j, f] = place(points[2 * point]);
      const [i, g] = place(points[2 * point + 1]);
      for (let c = 0; c < channels; c++) {
        for (let row = 0; row < height; row++) {
          let at = 4 * ((i * tall + row) * nodes * wide + j * wide) + c;
          for (let column = 0; column < width; column++, at += 4) {
            const top = pixels[at] + f * (pixels[at + right] - pixels[at]);
            const next = at + below;
            const bottom = pixels[next] + f * (pixels[next + right] - pixels[next]);
            images[to++] = top + g * (bottom - top) + 0.5; // and cut off: rounded
          }
        }
      }
    }
    return images.subarray(0, k * size);
  }

  return { nodes, error, decode, open: () => (opening ??= read()) };
}

/** Width, height and the numbers of a JPEG file's pixels: the browser reads it. */
async function pixelsOf(sheet) {
  const picture = await createImageBitmap(new Blob([sheet], { type: "image/jpeg" }));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  picture.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
