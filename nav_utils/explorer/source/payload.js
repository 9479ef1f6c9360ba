// What the explorer knows of a latent space, read from the bytes of a safetensors file; see
// nav_utils/explorer/packing.py for what is in it.

import { atlas } from "./atlas.js";
import { bitAt, gridField, nodeMask } from "./grid.js";
import { decoder, networkField } from "./mlp.js";
import { readPrior } from "./prior.js";
import { CHOICES } from "./state.js";

const VERSION = 2;

/**
 * The space in `bytes` (Uint8Array, DataView or ArrayBuffer): { meta, grid, exact (null where the
 * ratio is no mlp), prior (null where the page cannot compute it), decode, atlas (null where there
 * is the decoder itself), codes Float32Array(2m), labels Uint8Array(m), noData(x, y) -> bool }.
 * grid and exact are fields: evaluate(x, y, out) writes the logit to out[0], its gradient to out[1]
 * and out[2]. prior: see prior.js. decode: see mlp.js and atlas.js.
 *
 * Throws an Error that says what was expected and what came, whatever the bytes are.
 */
export function readPayload(bytes) {
  const { tensors, meta } = readSafetensors(bytes);
  checkMeta(meta);
  const { low, high } = meta;
  const n = tensors.grid?.shape[0] ?? 0;
  if (n < 4) fail("a grid of at least 4 x 4 nodes", n);
  const coefficients = take(tensors, "grid", "I16", [n, n]);
  const bits = take(tensors, "no_data", "U8", [Math.ceil((n * n) / 8)]);
  const m = tensors.codes?.shape[0] ?? 0;
  return {
    meta,
    grid: gridField(coefficients, n, low, high, meta.grid_scale),
    exact: readExact(tensors, meta),
    prior: meta.prior && readPrior(meta.prior),
    ...readDecoder(tensors, meta),
    codes: take(tensors, "codes", "F16", [m, 2]),
    labels: take(tensors, "labels", "U8", [m]),
    noData: nodeMask(bits, n, low, high),
  };
}

function fail(expected, came) {
  const advice = "make it again with nav_utils.explorer.payload";
  throw new Error(`payload: expected ${expected}, got ${came}; ${advice}`);
}

/** A value of a header that may hold anything, for a message. */
function brief(value) {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

// ---- the container ------------------------------------------------------------------------------

const SIZE = { F16: 2, F32: 4, I16: 2, U8: 1 }; // bytes of one number

/** Tensors by name, as { dtype, shape, bytes }, and the explorer's metadata. */
function readSafetensors(source) {
  const bytes = asBytes(source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) fail("a safetensors file", `${bytes.length} bytes`);
  const start = 8 + view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true);
  if (start > bytes.length) fail(`a header up to byte ${start}`, `${bytes.length} bytes in all`);
  const header = parse(bytes.subarray(8, start), "in the header");
  const tensors = Object.create(null); // a name may be that of anything an object has
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors[name] = readTensor(name, entry, bytes.subarray(start));
  }
  const text = header.__metadata__?.explorer;
  if (typeof text !== "string") fail('metadata called "explorer"', brief(text));
  return { tensors, meta: parse(new TextEncoder().encode(text), "in the metadata") };
}

function asBytes(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (!ArrayBuffer.isView(source)) fail("bytes", brief(source));
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

function parse(bytes, where) {
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    fail(`JSON ${where}`, `none (${error.message})`);
  }
  if (!isObject(value)) fail(`a JSON object ${where}`, brief(value));
  return value;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

function readTensor(name, entry, data) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const what = `tensor ${brief(name)}`;
  if (!Object.hasOwn(SIZE, dtype)) fail(`${what} of ${Object.keys(SIZE).join(", ")}`, brief(dtype));
  if (!Array.isArray(shape) || shape.length > 2 || !shape.every(isCount)) {
    fail(`${what} with a shape of at most two sizes`, brief(shape));
  }
  const length = shape.reduce((product, size) => product * size, SIZE[dtype]);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    fail(`${what} with two offsets`, brief(offsets));
  }
  const [from, to] = offsets;
  if (to - from !== length) fail(`${what} in ${length} bytes`, to - from);
  if (to > data.length) fail(`${what} up to byte ${to} of the data`, `${data.length} bytes in all`);
  return { dtype, shape, bytes: data.slice(from, to) }; // a copy, as numbers start at multiples
}

/** The numbers of a tensor whose type and shape are as they should be. */
function take(tensors, name, dtype, shape) {
  const wanted = `${name} of type ${dtype} and shape (${shape})`;
  const tensor = tensors[name] ?? fail(wanted, "no such tensor");
  if (tensor.dtype !== dtype || String(tensor.shape) !== String(shape)) {
    fail(wanted, `${tensor.dtype} (${tensor.shape})`);
  }
  const { buffer } = tensor.bytes;
  if (dtype === "U8") return tensor.bytes;
  if (dtype === "I16") return new Int16Array(buffer);
  const values = dtype === "F16" ? singles(new Uint16Array(buffer)) : new Float32Array(buffer);
  if (!values.every(Number.isFinite)) fail(`finite numbers in ${name}`, "NaN or infinity");
  return values;
}

/** Float16, as its bits, to Float32Array: sign, exponent and fraction move, then 15 becomes 127. */
function singles(halves) {
  const bits = new Uint32Array(halves.length);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < halves.length; i++) {
    bits[i] = ((halves[i] & 0x8000) << 16) | ((halves[i] & 0x7fff) << 13);
    values[i] *= (halves[i] & 0x7c00) === 0x7c00 ? NaN : 2 ** 112;
  }
  return values;
}

// ---- what is in it ------------------------------------------------------------------------------

// prettier-ignore
const NUMBERS = ["radius", "low", "high", "grid_scale", "grid_error", "scale", "shift", "level_95"];

function checkMeta(meta) {
  if (meta.version !== VERSION) fail(`version ${VERSION}`, brief(meta.version));
  if (typeof meta.name !== "string") fail("a name", brief(meta.name));
  for (const key of meta.prior ? [...NUMBERS, "log_q_95", "log_q_50"] : NUMBERS) {
    if (!Number.isFinite(meta[key])) fail(`a finite number ${key}`, brief(meta[key]));
  }
  for (const key of ["radius", "grid_scale", "scale"]) {
    if (!(meta[key] > 0)) fail(`a positive ${key}`, meta[key]);
  }
  if (!(meta.low < meta.high)) fail("low below high", `${meta.low} and ${meta.high}`);
  const { image, presets, start } = meta;
  if (!Array.isArray(image) || image.length !== 3 || !image.every((x) => isCount(x) && x > 0)) {
    fail("an image of [channels, height, width]", brief(image));
  }
  if (image[0] !== 1 && image[0] !== 3) fail("1 or 3 channels", image[0]);
  checkPrior(meta);
  if (!isObject(presets)) fail("an object presets", brief(presets));
  for (const [name, preset] of Object.entries(presets)) {
    if (typeof preset?.text !== "string" || !isObject(preset.state)) {
      fail(`a text and a state in preset ${brief(name)}`, brief(preset));
    }
  }
  if (!isObject(start)) fail("an object start", brief(start));
}

function checkPrior({ prior, methods, contours }) {
  if (prior !== null && !readPrior(prior)) fail("a known prior or null", brief(prior));
  const known = CHOICES.method.slice(0, prior ? undefined : -2); // the last two need one
  const isKnown = (name) => known.includes(name);
  if (!Array.isArray(methods) || !methods.includes("gauss_newton") || !methods.every(isKnown)) {
    fail(`methods of ${known}`, brief(methods));
  }
  const isLine = (line) => Array.isArray(line) && line.every(Number.isFinite);
  if (!Array.isArray(contours) || !contours.every(isLine)) fail("contours", brief(contours));
}

/** What makes images: { decode, atlas }. */
function readDecoder(tensors, { atlas: facts, image, radius }) {
  const size = image.reduce((product, n) => product * n);
  if (facts === null) {
    const pixels = readPixels(tensors, size);
    const layers = readLayers(tensors, "decoder", pixels.length);
    return { decode: decoder(layers, pixels, size), atlas: null };
  }
  const { nodes, error } = facts ?? {};
  if (!(isCount(nodes) && nodes > 1 && Number.isFinite(error))) {
    fail("an atlas of several nodes, or null", brief(facts));
  }
  const sheet = take(tensors, "atlas", "U8", [tensors.atlas?.shape[0] ?? 0]);
  const found = atlas(sheet, { nodes, error }, image, radius);
  return { decode: found.decode, atlas: found };
}

/** The pixels that the decoder has an output for. */
function readPixels(tensors, size) {
  const bits = take(tensors, "decoder.pixels", "U8", [Math.ceil(size / 8)]);
  const pixels = [];
  for (let i = 0; i < size; i++) if (bitAt(bits, i)) pixels.push(i);
  return Int32Array.from(pixels);
}

/** The layers of a network from the plane to `outputs` numbers. */
function readLayers(tensors, network, outputs) {
  const layers = [];
  let inputs = 2;
  do {
    const name = `${network}.${layers.length}`;
    const rows = tensors[`${name}.weight`]?.shape[0] ?? 0;
    layers.push({ ...WEIGHTS[network](tensors, name, rows, inputs), inputs, outputs: rows });
    inputs = rows;
  } while (tensors[`${network}.${layers.length}.weight`]);
  if (inputs !== outputs) fail(`a ${network} with ${outputs} outputs`, inputs);
  return layers;
}

const WEIGHTS = {
  decoder: (tensors, name, rows, inputs) => ({
    weight: take(tensors, `${name}.weight`, "F16", [rows, inputs]),
    bias: take(tensors, `${name}.bias`, "F16", [rows]),
  }),
  ratio(tensors, name, rows, inputs) {
    const octets = take(tensors, `${name}.weight`, "U8", [rows, 3 * inputs]);
    const scale = take(tensors, `${name}.scale`, "F32", [rows]);
    const weight = new Float64Array(rows * inputs);
    for (let i = 0; i < weight.length; i++) {
      const [low, middle, high] = octets.subarray(3 * i, 3 * i + 3);
      weight[i] = scale[Math.floor(i / inputs)] * (low | (middle << 8) | ((high << 24) >> 8));
    }
    return { weight, bias: take(tensors, `${name}.bias`, "F32", [rows]) };
  },
};

function readExact(tensors, { scale, shift }) {
  const there = Object.keys(tensors).some((name) => name.startsWith("ratio."));
  return there ? networkField(readLayers(tensors, "ratio", 1), scale, shift) : null;
}
