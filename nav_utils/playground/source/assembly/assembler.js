// A small assembler for WebAssembly: every instruction is a list of bytes, and takes the lists of
// its operands. Source of the numbers: the WebAssembly core specification 2.0, chapter 5.

export const I32 = 0x7f;
export const F32 = 0x7d;
export const V128 = 0x7b;

/** LEB128, unsigned and signed. */
export function unsigned(n) {
  const bytes = [];
  do {
    bytes.push((n & 127) | (n > 127 ? 128 : 0));
    n >>>= 7;
  } while (n);
  return bytes;
}
export function signed(n) {
  const bytes = [];
  for (;;) {
    const byte = n & 127;
    n >>= 7;
    if ((n === 0 && !(byte & 64)) || (n === -1 && byte & 64)) return [...bytes, byte];
    bytes.push(byte | 128);
  }
}

const operation =
  (...code) =>
  (...operands) => [...operands.flat(), ...code];
const vector = (number) => operation(0xfd, ...unsigned(number));

export const i32 = {
  const: (n) => [0x41, ...signed(n)],
  add: operation(0x6a),
  sub: operation(0x6b),
  mul: operation(0x6c),
  shl: operation(0x74),
  lt: operation(0x48),
};
/** Load and store add `offset` bytes to an address. */
export const v128 = {
  load: (address, offset = 0) => [...address, 0xfd, 0, 0, ...unsigned(offset)],
  splat: (address, offset = 0) => [...address, 0xfd, 9, 2, ...unsigned(offset)], // of one f32
  store: (address, value, offset = 0) => [...address, ...value, 0xfd, 11, 0, ...unsigned(offset)],
  bits: (n) => f32x4.fromInt(n),
  and: vector(0x4e),
};
export const f32 = {
  add: operation(0x92),
  load: (address, offset = 0) => [...address, 0x2a, 2, ...unsigned(offset)],
  store: (address, value, offset = 0) => [...address, ...value, 0x38, 2, ...unsigned(offset)],
};
export const f32x4 = {
  const: (x) => [0x43, ...new Uint8Array(Float32Array.of(x).buffer), 0xfd, 0x13],
  fromInt: (n) => [...i32.const(n), 0xfd, 0x11],
  splat: vector(0x13),
  lane: (k, value) => [...value, 0xfd, 0x1f, k],
  nearest: vector(0x6a),
  abs: vector(0xe0),
  neg: vector(0xe1),
  sqrt: vector(0xe3),
  add: vector(0xe4),
  sub: vector(0xe5),
  mul: vector(0xe6),
  div: vector(0xe7),
  min: vector(0xe8),
  max: vector(0xe9),
};
export const i32x4 = { fromFloat: vector(0xf8), add: vector(0xae), shl: vector(0xab) };

export const block = (...body) => [0x02, 0x40, ...body.flat(), 0x0b];
export const loop = (...body) => [0x03, 0x40, ...body.flat(), 0x0b];
export const repeatIf = (condition) => [...condition, 0x0d, 0]; // of the innermost loop
export const when = (condition, yes, no = []) => [
  ...condition,
  0x04,
  0x40,
  ...yes.flat(),
  ...(no.length ? [0x05, ...no.flat()] : []),
  0x0b,
];

/**
 * A function: names and types of parameters and of locals, and body(get, set), which gives its
 * instructions. get.x reads a variable, set.x(value) writes it.
 */
export function func(name, params, locals, body) {
  const names = [...Object.keys(params), ...Object.keys(locals)];
  const get = {};
  const set = {};
  names.forEach((variable, i) => {
    get[variable] = [0x20, ...unsigned(i)];
    set[variable] = (value) => [...value, 0x21, ...unsigned(i)];
  });
  const declared = Object.values(locals).flatMap((type) => [1, type]);
  const code = [
    ...unsigned(Object.keys(locals).length),
    ...declared,
    ...body(get, set).flat(),
    0x0b,
  ];
  return { name, types: Object.values(params), code };
}

const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, bytes) => [id, ...sized(bytes)];
const text = (string) => sized([...new TextEncoder().encode(string)]);

/** A module that imports its memory as "m.m" and exports the functions, which return nothing. */
export function assemble(functions) {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(functions.map(({ types }) => [0x60, ...list(types), 0]))),
    ...section(2, list([[...text("m"), ...text("m"), 2, 0, 1]])),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(7, list(functions.map(({ name }, i) => [...text(name), 0, ...unsigned(i)]))),
    ...section(10, list(functions.map(({ code }) => sized(code)))),
  ]);
}
