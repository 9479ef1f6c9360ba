// Rows of small images.

/**
 * Two rows of decoded images, proposal above correction, from pixels (images, channels, height,
 * width), or none yet. Grey ones are ink, black on white, as in print; colour is as it is.
 */
export function drawRows(context, [channels, height, width], pixels) {
  const size = channels * height * width;
  const count = (context.canvas.width + 1) / (width + 1); // in a row
  const image = context.createImageData(context.canvas.width, context.canvas.height);
  image.data.fill(255);
  for (let k = 0; pixels && k < pixels.length / size; k++) {
    const [row, column] = [Math.floor(k / count), k % count];
    for (let i = 0; i < height; i++) {
      let to = 4 * ((row * (height + 1) + i) * image.width + column * (width + 1));
      for (let j = 0; j < width; j++, to += 4) {
        for (let c = 0; c < 3; c++) {
          const value = pixels[k * size + ((c % channels) * height + i) * width + j];
          image.data[to + c] = channels === 1 ? 255 - value : value;
        }
      }
    }
  }
  context.putImageData(image, 0, 0);
}
