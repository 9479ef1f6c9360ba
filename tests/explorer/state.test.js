import assert from "node:assert/strict";
import test from "node:test";

import {
  CHOICES,
  DEFAULTS,
  ETA,
  LIMITS,
  clampState,
  fromQuery,
  toQuery,
} from "../../nav_utils/explorer/source/state.js";
import { en } from "../../nav_utils/explorer/source/words.en.js";
import { chance, golden } from "./support.js";

const META = { radius: golden.states.radius };
const usual = clampState({}, META);

/** Fails unless the state is whole: every key, of the right type, in range, nothing else. */
function whole(state, what) {
  assert.deepEqual(Object.keys(state), Object.keys(DEFAULTS), what);
  assert.equal(Object.getPrototypeOf(state), Object.prototype, what);
  for (const key of ["a", "b"]) {
    assert.ok(Array.isArray(state[key]) && state[key].length === 2, what);
    for (const x of state[key]) assert.ok(Math.abs(x) <= META.radius && Number.isFinite(x), what);
  }
  for (const [key, words] of Object.entries(CHOICES)) assert.ok(words.includes(state[key]), what);
  for (const [key, [low, high]] of Object.entries(LIMITS)) {
    if (DEFAULTS[key] === null && state[key] === null) continue;
    assert.ok(
      Number.isFinite(state[key]) && state[key] >= low && state[key] <= high,
      `${what}: ${key}`,
    );
  }
  for (const key of ["steps", "seed", "points"]) assert.ok(Number.isSafeInteger(state[key]), what);
  assert.equal(typeof state.classes, "boolean", what);
}

test("defaults, limits and step sizes are Python's", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(DEFAULTS)), golden.states.defaults);
  assert.deepEqual(JSON.parse(JSON.stringify(LIMITS)), golden.states.limits);
  assert.deepEqual({ ...ETA }, golden.states.eta);
});

test("states are clamped as in Python", () => {
  for (const { raw, clamped } of golden.states.cases) {
    assert.deepEqual(clampState(raw, META), clamped, JSON.stringify(raw));
  }
});

test("what makes no sense becomes the default, eta's that of the method", () => {
  const nonsense = [
    null,
    undefined,
    NaN,
    Infinity,
    "",
    "x",
    "1",
    true,
    {},
    [],
    [1],
    [1, 2, 3],
    [NaN, 1],
    [1, "2"],
    () => 1,
  ];
  for (const key of Object.keys(DEFAULTS)) {
    for (const value of nonsense) {
      if (key === "classes" && value === true) continue;
      const state = clampState({ method: "score", [key]: value }, META);
      const expected = key === "method" ? DEFAULTS : { ...usual, method: "score", eta: ETA.score };
      assert.deepEqual(
        state[key],
        key === "a" ? usual.a : expected[key],
        `${key}: ${String(value)}`,
      );
    }
  }
  assert.equal(clampState({ method: "logit", eta: 0.5 }, META).eta, 0.5);
});

test("anything in place of a state gives the default state", () => {
  for (const raw of [null, undefined, 0, "", "a=1", true, Symbol("x"), [], [1, 2], () => 1, 10n]) {
    assert.deepEqual(clampState(raw, META), usual);
  }
  const inherited = Object.create({ eta: 7, a: [0, 0] });
  assert.deepEqual(clampState(inherited, META), usual);
  assert.deepEqual(
    clampState(JSON.parse('{"__proto__": {"eta": 7}, "constructor": 1}'), META),
    usual,
  );
  assert.equal({}.eta, undefined);
});

test("seeds keep every digit, and minus zero is zero", () => {
  for (const seed of [2 ** 53 - 1, 2 ** 52 + 1, 0, 7])
    assert.equal(clampState({ seed }, META).seed, seed);
  assert.equal(clampState({ seed: 1e300 }, META).seed, 2 ** 53 - 1);
  const state = clampState({ a: [-0, 0], level: -0 }, META);
  assert.ok(Object.is(state.a[0], 0) && Object.is(state.level, 0));
});

test("a state is not shared with what it came from", () => {
  const raw = { a: [1, 2] };
  const state = clampState(raw, META);
  state.a[0] = 9;
  clampState({}, META).b[0] = 9;
  assert.deepEqual(
    [raw.a, [...DEFAULTS.b]],
    [
      [1, 2],
      [-0.9, 0.4],
    ],
  );
  assert.ok(Object.isFrozen(DEFAULTS) && Object.isFrozen(DEFAULTS.a));
});

test("a query says only what differs, and is read back", () => {
  assert.equal(toQuery(usual), "");
  assert.equal(toQuery({ ...usual, method: "score", eta: ETA.score }), "method=score");
  assert.equal(
    toQuery({ ...usual, a: [1.23456, -2], level: -2.5, classes: true, seed: 2 ** 53 - 1 }),
    "a=1.2346,-2&level=-2.5&seed=9007199254740991&classes=1",
  );
  assert.equal(toQuery({ ...usual, a: [-0.00001, 0.1] }), "a=0,0.1");
  const random = chance(3);
  const pick = (words) => words[Math.floor(random() * words.length)];
  for (let k = 0; k < 300; k++) {
    const level = () => (random() < 0.5 ? null : 20 * random() - 10);
    const raw = { level: level(), log_q_level: level(), classes: random() < 0.5 };
    for (const [key, words] of Object.entries(CHOICES)) if (random() < 0.5) raw[key] = pick(words);
    for (const [key, [low, high]] of Object.entries(LIMITS)) {
      if (DEFAULTS[key] !== null && random() < 0.5) raw[key] = low + random() * (high - low);
    }
    for (const key of ["a", "b"])
      raw[key] = [0, 1].map(() => Math.round(6e4 * random() - 3e4) / 1e4);
    const state = clampState(raw, META);
    assert.deepEqual(fromQuery(toQuery(state), META).state, state, toQuery(state));
    assert.ok(!/[^\w.,=&+-]/.test(toQuery(state)), toQuery(state));
  }
});

test("an old link's level of the score is its level of log q", () => {
  const score = { ...usual, method: "score", eta: ETA.score };
  assert.deepEqual(fromQuery("method=score&level=-2.5", META).state, { ...score, log_q_level: -2.5 });
  assert.deepEqual(fromQuery("level=2&method=logit", META).state.level, 2);
  for (const log_q_level of [null, -3]) {
    const both = { ...score, level: 0.5, log_q_level };
    assert.deepEqual(fromQuery(toQuery(both), META).state, both);
  }
});

test("a query may be encoded, out of order, repeated, or have a question mark", () => {
  const state = fromQuery("?eta=0.5&a=1%2C-1&method=logit&eta=0.25&unknown=3&b=+1,+2", META).state;
  assert.deepEqual(state, { ...usual, method: "logit", eta: 0.25, a: [1, -1], b: [1, 2] });
  assert.deepEqual(fromQuery("points=7&eps=9&a=99,-99&noise=-1", META).state, {
    ...usual,
    points: 8,
    eps: 0.45,
    a: [3, -3],
    noise: 0,
  });
  assert.deepEqual(
    fromQuery("eta=&a=,&level=&seed= &points=Infinity&classes=true&b=1", META).state,
    usual,
  );
});

test("no text makes fromQuery throw or a state that is not whole", () => {
  const hostile = [
    "%",
    "%E0%A4%A",
    "a=%&b=%zz",
    "__proto__=1",
    "__proto__[eta]=7",
    "constructor=1&prototype=2",
    "toString=1",
    "hasOwnProperty=1&a=1,2",
    "method=__proto__",
    "method=constructor",
    "planner=toString",
    "a=1,2,3",
    "a=1e999,1",
    "eta=1e-999",
    "eta=NaN",
    "level=null",
    "seed=99999999999999999999999",
    "seed=-1",
    "points=0x30",
    "steps=1e3",
    "a=<script>alert(1)</script>",
    "method=<img src=x onerror=alert(1)>",
    "&&&===&",
    "\u0000",
    "\ud800",
    "é=ü",
    "a=" + "1,".repeat(1e5),
    "eta=" + "9".repeat(1e5),
    "x=".repeat(1e5),
    "=".repeat(1e5),
    "%".repeat(1e5),
  ];
  for (const text of [...hostile, "", null, undefined, 5])
    whole(fromQuery(text, META).state, String(text).slice(0, 60));
  const pieces = [
    ...Object.keys(DEFAULTS),
    ...Object.values(CHOICES).flat(),
    ..."=&?#%,+-.eE0123456789 \u0000\ud800é<>\"'{}[]",
    "__proto__",
    "constructor",
    "NaN",
    "Infinity",
    "1e999",
    "%41",
    "%C3",
    "%zz",
    "null",
    "true",
  ];
  const random = chance(11);
  for (let k = 0; k < 20000; k++) {
    const length = Math.floor(random() * 14);
    const text = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join(
      "",
    );
    whole(fromQuery(text, META).state, JSON.stringify(text));
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
});

test("what a link says wrong is told, and cannot be more than a few plain letters", () => {
  const faults = (text, meta = META) => fromQuery(text, meta).faults;
  assert.deepEqual(faults("methd=score&a=1,2&eta=fast&classes=yes&b=1"), [
    "methd=score",
    "eta=fast",
    "classes=yes",
    "b=1",
  ]);
  assert.deepEqual(faults(toQuery({ ...usual, level: 1, method: "score", classes: true })), []);
  assert.deepEqual(faults("level=null&eps=9&points=1"), [], "out of range is moved, not told");
  assert.deepEqual(faults("method=score", { radius: 3, methods: ["logit"] }), ["method=score"]);
  assert.deepEqual(faults("<img>=<script>"), ["?img?=?script?"]);
  assert.equal(faults(`x=${"9".repeat(1e5)}`)[0].length, 40);
  assert.match(en.badLink(["methd=score", "b=1"]), /sense here: methd=score, b=1\. The usual/);
  assert.ok(!en.badLink(["a", "b", "c", "d", "e", "last"]).includes("last"));
});

test("a method that a space does not offer gives way to the usual one, in links too", () => {
  const meta = { radius: 3, methods: ["probability", "logit", "gauss_newton"] };
  for (const method of ["score", "string"]) {
    const state = clampState({ method, eta: 0.3, steps: 7 }, meta);
    assert.deepEqual([state.method, state.eta, state.steps], ["gauss_newton", 0.3, 7]);
    assert.equal(fromQuery(`method=${method}&steps=7`, meta).state.method, "gauss_newton");
    assert.equal(clampState({ method }, meta).eta, ETA.gauss_newton);
  }
  assert.equal(clampState({ method: "logit" }, meta).method, "logit");
  assert.equal(clampState({ method: "score" }, { radius: 3 }).method, "score");
});
