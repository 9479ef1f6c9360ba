// The arithmetic as WebAssembly with 128-bit vectors: run me to write ../kernels.wasm.js.
// What each function computes is said in ../plain.js; here an address stands for an array, and
// strides are in bytes. Counts of columns are multiples of 8.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// prettier-ignore
import {
  F32, I32, V128, assemble, f32, f32x4, func, i32, i32x4, loop, repeatIf, v128, when,
} from "./assembler.js";

const { add, sub, mul, div } = f32x4;
const plus = (a, ...rest) => rest.reduce((sum, b) => i32.add(sum, b), a);
const bytes = (count) => i32.shl(count, i32.const(2));
const typed = (type, names) => Object.fromEntries(names.map((name) => [name, type]));
const range = (n) => [...Array(n).keys()];

/** for (variable = 0; variable < end; variable += step) body; at least once. */
const count = (get, set, variable, end, step, ...body) => [
  set[variable](i32.const(0)),
  loop(
    ...body,
    set[variable](plus(get[variable], i32.const(step))),
    repeatIf(i32.lt(get[variable], end)),
  ),
];

/** As long as `most` more rows fit: i += most. */
const rowsOf = (get, set, most, ...body) =>
  loop(
    when(i32.lt(plus(get.i, i32.const(most - 1)), get.m), [
      ...body,
      set.i(plus(get.i, i32.const(most))),
      [0x0c, 1], // again
    ]),
  );

// ---- matrix products ----------------------------------------------------------------------------

/** `rows` rows of c, eight columns at a time. */
function gemmRows(get, set, rows) {
  const each = range(rows);
  const starts = each.map((r) =>
    when(
      get.bias,
      set[`s${r}0`](v128.splat(plus(get.bias, bytes(get.i)), 4 * r)),
      set[`s${r}0`](f32x4.const(0)),
    ),
  );
  const points = each.map((r) =>
    set[`a${r}`](r ? plus(get[`a${r - 1}`], get.rows) : plus(get.a, i32.mul(get.i, get.rows))),
  );
  const products = each.flatMap((r) => [
    set.x(v128.splat(get[`a${r}`])),
    set[`s${r}0`](add(get[`s${r}0`], mul(get.x, get.b0))),
    set[`s${r}1`](add(get[`s${r}1`], mul(get.x, get.b1))),
    set[`a${r}`](plus(get[`a${r}`], get.columns)),
  ]);
  const stores = each.flatMap((r) => [
    set.at(plus(get.c, i32.mul(plus(get.i, i32.const(r)), get.width), get.j)),
    v128.store(get.at, get[`s${r}0`]),
    v128.store(get.at, get[`s${r}1`], 16),
  ]);
  return count(
    get, set, "j", get.width, 32,
    ...starts,
    ...each.map((r) => set[`s${r}1`](get[`s${r}0`])),
    ...points,
    set.at(plus(get.b, get.j)),
    ...count(
      get, set, "l", get.k, 1,
      set.b0(v128.load(get.at)),
      set.b1(v128.load(get.at, 16)),
      ...products,
      set.at(plus(get.at, get.width)),
    ),
    ...stores,
  ); // prettier-ignore
}

const gemm = func(
  "gemm",
  typed(I32, ["a", "rows", "columns", "b", "c", "m", "k", "n", "bias"]),
  {
    ...typed(I32, ["width", "i", "j", "l", "at", "a0", "a1", "a2", "a3"]),
    ...typed(V128, ["x", "b0", "b1", ...range(4).flatMap((r) => [`s${r}0`, `s${r}1`])]),
  },
  (get, set) => [
    set.width(bytes(get.n)),
    rowsOf(get, set, 4, ...gemmRows(get, set, 4)),
    rowsOf(get, set, 1, ...gemmRows(get, set, 1)),
  ],
);

/** The sum of a vector's four numbers. */
const total = (x) => [1, 2, 3].reduce((sum, k) => f32.add(sum, f32x4.lane(k, x)), f32x4.lane(0, x));

/** `rows` rows of w, two columns at a time: sums of products along the points. */
function outerRows(get, set, rows) {
  const each = range(rows);
  const clear = each.flatMap((r) => [0, 1].map((q) => set[`s${r}${q}`](f32x4.const(0))));
  const points = each.map((r) =>
    set[`a${r}`](r ? plus(get[`a${r - 1}`], get.width) : plus(get.v, i32.mul(get.i, get.width))),
  );
  const products = each.flatMap((r) => [
    set.x(v128.load(plus(get[`a${r}`], get.l))),
    set[`s${r}0`](add(get[`s${r}0`], mul(get.x, get.b0))),
    set[`s${r}1`](add(get[`s${r}1`], mul(get.x, get.b1))),
  ]);
  const more = (q, r) =>
    f32.store(get.at, f32.add(f32.load(get.at, 4 * q), total(get[`s${r}${q}`])), 4 * q);
  const stores = each.flatMap((r) => [
    set.at(plus(get.w, bytes(plus(i32.mul(plus(get.i, i32.const(r)), get.k), get.j)))),
    more(0, r),
    more(1, r),
  ]);
  return count(
    get, set, "j", get.k, 2,
    ...clear,
    ...points,
    set.p(plus(get.h, i32.mul(get.j, get.width))),
    set.q(plus(get.p, get.width)),
    ...count(
      get, set, "l", get.width, 16,
      set.b0(v128.load(plus(get.p, get.l))),
      set.b1(v128.load(plus(get.q, get.l))),
      ...products,
    ),
    ...stores,
  ); // prettier-ignore
}

const outer = func(
  "outer",
  typed(I32, ["v", "h", "w", "sums", "m", "k", "n"]),
  {
    ...typed(I32, ["width", "i", "j", "l", "at", "p", "q", "a0", "a1", "a2", "a3"]),
    ...typed(V128, ["x", "b0", "b1", ...range(4).flatMap((r) => [`s${r}0`, `s${r}1`])]),
  },
  (get, set) => [
    set.width(bytes(get.n)),
    rowsOf(get, set, 4, ...outerRows(get, set, 4)),
    rowsOf(get, set, 1, ...outerRows(get, set, 1)),
    when(get.sums, [
      ...count(
        get, set, "i", get.m, 1,
        set.x(f32x4.const(0)),
        ...count(
          get, set, "l", get.width, 16,
          set.x(add(get.x, v128.load(plus(get.v, get.l)))),
        ),
        set.v(plus(get.v, get.width)),
        f32.store(get.sums, f32.add(f32.load(get.sums), total(get.x))),
        set.sums(plus(get.sums, i32.const(4))),
      ),
    ]),
  ], // prettier-ignore
);

// ---- one by one ---------------------------------------------------------------------------------

// exp: x = n ln 2 + r, a polynomial in r, and n into the exponent. Cephes' coefficients (Moshier).
const SERIES = [1.9875691e-4, 1.3981999e-3, 8.3334519e-3, 4.1665796e-2, 0.16666665, 0.5];

/** set.e(exp(x)), for x in e; r and p are scratch. */
const exponential = (get, set) => [
  set.e(f32x4.max(f32x4.min(get.e, f32x4.const(88)), f32x4.const(-87))),
  set.p(f32x4.nearest(mul(get.e, f32x4.const(Math.LOG2E)))),
  set.r(sub(get.e, mul(get.p, f32x4.const(0.693359375)))),
  set.r(add(get.r, mul(get.p, f32x4.const(2.1219444e-4)))),
  set.e(
    SERIES.slice(1).reduce(
      (sum, c) => add(mul(sum, get.r), f32x4.const(c)),
      f32x4.const(SERIES[0]),
    ),
  ),
  set.e(add(add(mul(mul(get.e, get.r), get.r), get.r), f32x4.const(1))),
  set.e(
    mul(get.e, i32x4.shl(i32x4.add(i32x4.fromFloat(get.p), f32x4.fromInt(127)), i32.const(23))),
  ),
];

/** For each four numbers of arrays that are `count` long; i is their place in bytes. */
function each(name, arrays, numbers, vectors, body) {
  const parameters = { ...typed(I32, [...arrays, "count"]), ...typed(F32, numbers) };
  const locals = { ...typed(I32, ["i"]), ...typed(V128, vectors) };
  return func(name, parameters, locals, (get, set) => {
    const read = (array) => v128.load(plus(get[array], get.i));
    const write = (array, value) => v128.store(plus(get[array], get.i), value);
    const work = body({ get, set, read, write, number: (x) => f32x4.splat(get[x]) });
    return count(get, set, "i", bytes(get.count), 16, ...work);
  });
}

const one = f32x4.const(1);

const silu = each(
  "silu",
  ["u", "h", "slope", "bend"],
  [],
  ["x", "e", "r", "p"],
  ({ get, set, read, write }) => [
    set.x(read("u")),
    set.e(f32x4.neg(get.x)),
    ...exponential(get, set),
    set.p(div(one, add(one, get.e))), // the gate
    set.r(mul(get.x, sub(one, get.p))),
    write("h", mul(get.x, get.p)),
    write("slope", mul(get.p, add(one, get.r))),
    when(get.bend, [
      set.r(add(f32x4.const(2), mul(get.x, sub(one, add(get.p, get.p))))),
      ...write("bend", mul(mul(get.p, sub(one, get.p)), get.r)),
    ]),
  ],
);

const expAbs = each("expAbs", ["u", "to"], [], ["e", "r", "p"], ({ get, set, read, write }) => [
  set.e(f32x4.neg(f32x4.abs(read("u")))),
  ...exponential(get, set),
  write("to", get.e),
]);

const times = each("mul", ["a", "b", "c"], [], [], ({ read, write }) => [
  write("c", mul(read("a"), read("b"))),
]);

const timesMore = each("mulAdd", ["a", "b", "c"], [], [], ({ read, write }) => [
  write("c", add(read("c"), mul(read("a"), read("b")))),
]);

const adam = each(
  "adam",
  ["w", "g", "m", "v"],
  ["keep", "b1", "b2", "rate", "root", "tiny"],
  ["x", "mean", "square"],
  ({ get, set, read, write, number }) => [
    set.x(read("g")),
    set.mean(read("m")),
    set.mean(add(get.mean, mul(sub(one, number("b1")), sub(get.x, get.mean)))),
    set.square(add(mul(number("b2"), read("v")), mul(mul(sub(one, number("b2")), get.x), get.x))),
    write("m", get.mean),
    write("v", get.square),
    set.x(add(mul(f32x4.sqrt(get.square), number("root")), number("tiny"))),
    write("w", sub(mul(number("keep"), read("w")), div(mul(number("rate"), get.mean), get.x))),
  ],
);

/** The module's bytes. */
export const binary = () => assemble([gemm, outer, silu, expAbs, times, timesMore, adam]);

/** The text of kernels.wasm.js. */
export const source = () =>
  "// Written by assembly/kernels.js: WebAssembly with 128-bit vectors, see there.\n" +
  `export const WASM =\n  "${Buffer.from(binary()).toString("base64")}";\n`;

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL("../kernels.wasm.js", import.meta.url), source());
}
