import assert from "node:assert/strict";
import test from "node:test";

import { readPayload } from "../../nav_utils/explorer/source/payload.js";
import { bytes, chance, near, needsPayload, packed, real, safetensors, small } from "./support.js";

const MESSAGE =
  /^payload: expected [^]+, got [^]+; make it again with nav_utils\.explorer\.payload$/;

/** Reads bytes that may be damaged: a space that works, or an Error with a message for people. */
function readOrRefuse(damaged, what) {
  let space;
  try {
    space = readPayload(damaged);
  } catch (error) {
    assert.equal(error.constructor, Error, `${what}: ${error.stack}`);
    assert.match(error.message, MESSAGE, what);
    assert.ok(error.message.length < 300, what);
    return null;
  }
  const out = new Float64Array(3);
  space.grid.evaluate(0.3, -0.2, out);
  assert.ok(out.every(Number.isFinite), what);
  space.exact?.evaluate(0.3, -0.2, out);
  assert.ok(out.every(Number.isFinite), what);
  const size = space.meta.image.reduce((product, n) => product * n);
  const images = space.decode(Float64Array.of(0.1, 0.2)); // null of an atlas that is not open
  if (!space.atlas) assert.equal(images.length, size, what);
  assert.equal(space.codes.length, 2 * space.labels.length, what);
  assert.equal(typeof space.noData(0, 0), "boolean", what);
  return space;
}

/** The message for a small payload after `change` has spoilt it. */
function refused(change) {
  const parts = small();
  change(parts);
  try {
    readPayload(packed(parts));
  } catch (error) {
    assert.equal(error.constructor, Error, error.stack);
    assert.match(error.message, MESSAGE);
    return error.message;
  }
  return assert.fail(`accepted after ${change}`);
}

test("every part of a payload is where it should be", () => {
  const parts = small();
  const space = readPayload(packed(parts));
  assert.deepEqual(space.meta, parts.meta);
  assert.deepEqual([...space.codes], [1, 0, 65504, -(2 ** -14)]);
  assert.deepEqual([...space.labels], [1, 7]);
  const out = new Float64Array(3);
  space.exact.evaluate(1, -1, out);
  near(out, [2 * (1.5 + 2 + 0.25) - 1, 3, -4], 1e-12);
  // Three cells from -1.5 to 1.5: a spline through a slope of 0.1 by column and 0.4 by row.
  space.grid.evaluate(0, 0, out);
  near(out, [0.05, 0.1, 0.4], 1e-12);
  assert.deepEqual(
    [space.noData(-1.4, -1.4), space.noData(1.4, 1.4), space.noData(1.4, -1.4)],
    [true, true, false],
  );
  const h = 3.5 / (1 + Math.exp(-3.5)); // silu(1 + 2 + 1/2)
  const grey = [h, h * 2 ** -24 - 1].map((x) => 255 / (1 + Math.exp(-x)));
  near(space.decode(Float64Array.of(1, -1)), [grey[0], 0, grey[1]], 0.8);
});

test("bytes may come as array, view or buffer, from any place", () => {
  const file = packed(small());
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  const { buffer } = new Uint8Array(file);
  for (const source of [
    file,
    new Uint8Array(file),
    buffer,
    new DataView(buffer),
    shifted.subarray(3),
  ]) {
    assert.deepEqual([...readPayload(source).labels], [1, 7]);
  }
  for (const source of [null, undefined, "text", 5, {}, []]) {
    assert.throws(() => readPayload(source), { constructor: Error, message: MESSAGE });
  }
});

test("a grid must have four nodes along an axis", () => {
  for (const n of [0, 1, 2, 3]) {
    const message = refused(({ tensors }) => {
      tensors.grid = ["I16", [n, n], new Int16Array(n * n)];
      tensors.no_data = ["U8", [Math.ceil((n * n) / 8)], new Uint8Array(Math.ceil((n * n) / 8))];
    });
    assert.match(message, /a grid of at least 4 x 4 nodes, got /);
  }
});

test("without the ratio's network there is no exact field", () => {
  const parts = small();
  for (const name of Object.keys(parts.tensors))
    if (name.startsWith("ratio.")) delete parts.tensors[name];
  assert.equal(readPayload(packed(parts)).exact, null);
});

test("a missing tensor, or one of another type or shape, is told by its name", () => {
  for (const name of Object.keys(small().tensors)) {
    const known = new RegExp(name.replace(/\.\d.*/, "").replaceAll(".", "\\."));
    assert.match(
      refused(({ tensors }) => delete tensors[name]),
      known,
    );
    for (const other of [{ U8: "I8", F16: "I16", I16: "F16", F32: "U32" }, {}]) {
      assert.match(
        refused(({ tensors }) => (tensors[name][0] = other[tensors[name][0]] ?? "F64")),
        known,
      );
    }
    assert.match(
      refused(({ tensors }) => {
        const [dtype, , values] = tensors[name];
        tensors[name] = [dtype, [1, 1, values.length], values];
      }),
      known,
    );
    assert.match(
      refused(({ tensors }) => {
        const [dtype, shape, values] = tensors[name];
        const twice = new values.constructor(2 * values.length);
        tensors[name] = [
          dtype,
          shape.map((size, i) => (i === shape.length - 1 ? 2 * size : size)),
          twice,
        ];
      }),
      /expected .*(shape|outputs)/,
    );
  }
});

test("numbers that are not finite are told, wherever they are", () => {
  for (const [name, [dtype]] of Object.entries(small().tensors)) {
    if (dtype !== "F16" && dtype !== "F32") continue;
    for (const bad of dtype === "F16" ? [0x7c00, 0xfc00, 0x7e00] : [NaN, Infinity, -Infinity]) {
      const message = refused(({ tensors }) => (tensors[name][2][0] = bad));
      assert.ok(message.includes(`finite numbers in ${name}`), message);
    }
  }
});

test("metadata that makes no sense is told", () => {
  for (const [key, values] of Object.entries({
    version: [0, 1, "2", null, undefined],
    name: [1, null, undefined, ["x"]],
    image: [null, [1], [1, 3], [2, 1, 3], [1, 3, 0], [1, -1, 3], [1, 1.5, 2], "113", [1, 1e6, 1e6]],
    atlas: [
      undefined,
      1,
      {},
      { nodes: 1, error: 0 },
      { nodes: 2, error: null },
      { nodes: 2, error: 0 }, // without a sheet
    ],
    prior: [
      undefined,
      1,
      {},
      { kind: "toString" },
      { kind: "box", low: [0, 0], high: [1, 0] },
      { kind: "box", low: [0], high: [1, 1] },
      { kind: "mixture", parts: [] },
      { kind: "mixture", parts: [[1, 2, 3]] },
      { kind: "mixture", parts: [[1, 2, 3, 4, 5, null]] },
    ],
    methods: [undefined, [], ["score"], ["gauss_newton", "hope"], "gauss_newton"],
    contours: [undefined, {}, [1], [["x"]]],
    radius: [0, -1, "1", null, undefined, []],
    low: [1.5, 2, null, "x"],
    high: [-2, null, undefined],
    grid_scale: [0, -1, null],
    grid_error: [null, "x"],
    scale: [0, -1, null, "1"],
    shift: [null, "x", undefined],
    level_95: [null],
    log_q_95: [null],
    log_q_50: [{}],
    presets: [
      null,
      [],
      1,
      undefined,
      { x: null },
      { x: 1 },
      { x: {} },
      { x: { text: 1, state: {} } },
      { x: { text: "x" } },
      { x: { text: "x", state: [] } },
    ],
    start: [null, [], "x", undefined],
  })) {
    for (const value of values) refused(({ meta }) => (meta[key] = value));
  }
});

test("a network whose layers do not fit is told", () => {
  assert.match(
    refused(({ tensors }) => {
      tensors["decoder.2.weight"] = ["F16", [1, 2], new Uint16Array(2)];
      tensors["decoder.2.bias"] = ["F16", [1], new Uint16Array(1)];
    }),
    /decoder with 2 outputs, got 1/,
  );
  assert.match(
    refused(({ tensors }) => (tensors["decoder.pixels"][2][0] = 0b11100000)),
    /decoder with 3 outputs, got 2/,
  );
  assert.match(
    refused(({ tensors }) => {
      tensors["ratio.0.weight"] = ["U8", [2, 6], new Uint8Array(12)];
      tensors["ratio.0.scale"] = ["F32", [2], new Float32Array(2)];
      tensors["ratio.0.bias"] = ["F32", [2], new Float32Array(2)];
    }),
    /ratio with 1 outputs, got 2/,
  );
});

test("a header that is no header is told", () => {
  const raw = (text, size = Buffer.byteLength(text)) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(size));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const entry = (part) =>
    raw(JSON.stringify({ grid: { dtype: "U8", shape: [1], data_offsets: [0, 1], ...part } }));
  const cases = {
    "a safetensors file": [Buffer.alloc(0), Buffer.alloc(7)],
    "a header up to byte": [
      raw("{}", 3),
      raw("{}", 2n ** 63n),
      Buffer.from("PK\x03\x04, something else"),
    ],
    "JSON in the header": [raw(""), raw("{"), raw("\xff")],
    "a JSON object in the header": [
      raw("[]"),
      raw("null"),
      raw("3"),
      raw(`"${"x".repeat(1e5)}"`),
      raw("[".repeat(1e5) + "]".repeat(1e5)),
    ],
    explorer: [
      raw("{}"),
      raw('{"__metadata__": null}'),
      raw('{"__metadata__": {"explorer": 3}}'),
      raw('{"__metadata__": "x"}'),
    ],
    "JSON in the metadata": [safetensors({}, { explorer: "{" })],
    "a JSON object in the metadata": [safetensors({}, { explorer: "[]" })],
    "of F16, F32": [
      entry({ dtype: "F8" }),
      entry({ dtype: "toString" }),
      entry({ dtype: null }),
      raw('{"x": null}'),
      raw('{"x": 3}'),
    ],
    "with a shape": [
      entry({ shape: "1" }),
      entry({ shape: [-1] }),
      entry({ shape: [0.5] }),
      entry({ shape: [1, 1, 1] }),
      entry({ shape: null }),
    ],
    "with two offsets": [
      entry({ data_offsets: [0] }),
      entry({ data_offsets: [-1, 0] }),
      entry({ data_offsets: "01" }),
      entry({ data_offsets: ["0", 1] }),
    ],
    "bytes, got": [
      entry({ data_offsets: [1, 0] }),
      entry({ data_offsets: [0, 2] }),
      entry({ shape: [2 ** 53 - 1, 2 ** 53 - 1] }),
    ],
    "of the data, got 0": [entry({})],
  };
  for (const [words, files] of Object.entries(cases)) {
    for (const file of files) {
      assert.throws(
        () => readPayload(file),
        (error) => {
          assert.equal(error.constructor, Error, error.stack);
          assert.match(error.message, MESSAGE);
          assert.ok(
            error.message.includes(words) && error.message.length < 300,
            error.message.slice(0, 300),
          );
          return true;
        },
      );
    }
  }
});

test("a tensor may have the name of anything an object has", () => {
  const parts = small();
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    parts.tensors[`${name} `] = ["U8", [1], Uint8Array.of(1)]; // as `__proto__` JS would take it
    const text = packed(parts).toString("latin1").replace(`"${name} "`, `"${name}" `);
    const renamed = Buffer.from(text, "latin1");
    assert.deepEqual([...readPayload(renamed).labels], [1, 7]);
  }
  assert.equal({}.bytes, undefined);
});

test("a file cut off anywhere is refused", () => {
  const file = packed(small());
  for (let length = 0; length < file.length; length++) {
    assert.equal(
      readOrRefuse(file.subarray(0, length), `cut at ${length}`),
      null,
      `cut at ${length}`,
    );
  }
  assert.ok(readOrRefuse(file, "whole"));
});

test("a flipped bit in the header is refused or harmless", () => {
  const file = packed(small());
  const start = 8 + Number(file.readBigUInt64LE());
  let refusals = 0;
  for (let at = 0; at < start; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(file);
      damaged[at] ^= 1 << bit;
      refusals += readOrRefuse(damaged, `bit ${bit} of byte ${at}`) === null;
    }
  }
  assert.ok(refusals > 4 * start, `${refusals} of ${8 * start}`);
});

test("bytes at random in the header are refused or harmless", () => {
  const file = packed(small());
  const start = 8 + Number(file.readBigUInt64LE());
  const random = chance(17);
  for (let k = 0; k < 3000; k++) {
    const damaged = Buffer.from(file);
    const many = 1 + Math.floor(4 * random());
    for (let i = 0; i < many; i++)
      damaged[Math.floor(random() * start)] = Math.floor(256 * random());
    readOrRefuse(damaged, `round ${k}`);
  }
});

test("the shipped payload is whole, and its every cut is refused", needsPayload, () => {
  assert.equal(real.meta.name, "mnist-2d");
  assert.deepEqual(real.meta.image, [1, 28, 28]);
  assert.ok(real.exact && real.labels.length === 900);
  assert.ok(real.labels.every((label) => label < 10));
  const start = 8 + Number(bytes.readBigUInt64LE());
  const random = chance(23);
  for (let k = 0; k < 60; k++) {
    const length = Math.floor(random() * (k % 2 ? start : bytes.length));
    assert.equal(readOrRefuse(bytes.subarray(0, length), `cut at ${length}`), null);
    const damaged = Buffer.from(bytes);
    damaged[Math.floor(random() * start)] ^= 1 << Math.floor(8 * random());
    readOrRefuse(damaged, `round ${k}`);
  }
});
