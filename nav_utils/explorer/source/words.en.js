// All English texts of the explorer. Another language is one more file like this one.

import { badLink, number, plain, short } from "../../browser/source/words.js";

const less = (a, c) => `${a} ${c < 0 ? "+" : "\u2212"} ${short(Math.abs(c))}`;
const minus = (c) => (c ? `(${less("a", c)})` : "a");

/** A step up log q, with the gradient of log p written out for N(0, I). */
const ascent = (prior) =>
  `z \u2190 z + \u03b7 (${prior === "normal" ? "\u2212z" : "\u2207log p"} \u2212 \u2207a)`;

const SMALL = "one two three four five six seven eight nine ten".split(" ");
const some = (n) => SMALL[n - 1] ?? n; // small numbers as words

const NO_DATA = 4;
const STATUS = ["inside", "converged", "steps ran out", "does not move", "no data", "not finite"];

export const en = {
  title: "Explorer of a latent space",
  map: "Map of D. Orange: more codes than the prior expects. Blue: fewer. Hatched: no data.",
  curve: "D along the path: dashed the proposal, solid the correction, shaded the band.",
  rows: ["proposal", "corrected"],
  rowsLabel: "Decoded images along the path, the proposal above, the correction below.",
  axisD: "D along the path",
  half: "D = \u00bd",

  handle: (end) => `Endpoint ${end}`,
  handleRole: "point on a map",
  handleValue: (x, y, d) => `x ${plain(x)}, y ${plain(y)}, D ${plain(d)}`,

  presets: "Show",
  noPreset: "a state of your own",
  reset: "Reset",
  more: "More controls, examples, a link",
  numbers: "Numbers",
  hint:
    "Drag A or B, or focus one and use the arrow keys (Shift: big steps, Alt: small ones). " +
    "Point at an image or at the path to see which belong together.",
  legend: {
    hole: "hole: codes are missing",
    crowd: "many codes",
    bare: "no data",
    dashed: "proposal",
    solid: "corrected",
    square: "gave up",
    letter: "a class",
  },
  stop: "stops here",
  proposal: ["proposal", { linear: "straight line", slerp: "slerp", arcs: "both arcs" }],
  planner: ["planner", { pointwise: "each point alone", stepwise: "step by step (the loop)" }],
  method: [
    "method",
    {
      probability: "probability (the text\u2019s)",
      logit: "logit",
      gauss_newton: "Gauss-Newton",
      score: "score",
      string: "string",
    },
  ],
  goal: ["goal", { band: "band, both sides", below: "below, holes only" }],
  level: ["level", { band: "D = \u00bd", below: "D = \u00bd + \u03f5" }],
  log_q_level: ["log q level", "median code"],
  typical: (x) => `95 % of codes (${short(x)})`,
  own: (x) => `own (${short(x)})`,
  eta: "\u03b7, step size",
  eps: "\u03f5, half the band",
  steps: "steps at most",
  noise: "noise per step",
  seed: "seed",
  points: "points",
  classes: "codes by class",
  unused: (method) => `The ${method} method does not use it.`,
  short,

  /** What became of a path, in a reader's words. */
  told(p, { proposal, steps }) {
    const n = p.status.length;
    const [before, after] = p.holes;
    const line = proposal === "linear" ? "straight line" : "arc";
    const found = [];
    const end = {
      stalled:
        p.walked < n
          ? `It stalls at point ${p.walked} of ${n} and never reaches B.`
          : "It ends beside B, where the method lets no point stay.",
      non_finite: "It met values that are not finite.",
      infeasible: "It arrives, but crosses a place emptier than where 95 % of codes lie.",
      reached: "It arrives.",
    }[p.verdict];
    if (before + after === 0) found.push(`None of ${n} points lies in a hole.`);
    else {
      const were = `${before || "None"} of ${n} points of the ${line} lay in holes`;
      const now = p.walked < n ? `of the ${p.walked} it came to, ` : "now ";
      found.push(`${were}; ${steps ? `${now}${after || "none"}.` : "no step is allowed."}`);
    }
    if (p.tears) found.push(`The path is torn in ${some(p.tears)} place${p.tears > 1 ? "s" : ""}.`);
    found.push(p.bottleneck === -Infinity ? this.verdict(p) : end);
    const bare = p.status.filter((code, i) => code === NO_DATA && i < p.walked).length;
    if (bare) found.push(`${bare} point${bare > 1 ? "s lie" : " lies"} where there are no data.`);
    if (p.failed > bare) found.push(`${p.failed - bare} gave up (hollow squares).`);
    return found.join(" ");
  },
  words(p, { method, goal, level, planner, proposal, steps }, typical) {
    const n = p.status.length;
    const loop = planner === "stepwise" && method !== "string"; // proposes otherwise, step by step
    const line = loop ? `the ${proposal === "linear" ? "straight line" : "arc"}` : "the proposal";
    let where = "outside the band";
    if (method === "string") where = "in holes (a above log 4, D above 0.8)";
    else if (method === "score") where = "below the level";
    else if (goal === "below")
      where = level === null ? "above the band" : "above the level";
    const [before, after] = p.outside;
    const stay = loop ? "" : " (A and B stay)";
    const gone = steps === 0 ? "; no step is allowed" : "";
    const came = p.walked < n ? `; of the ${p.walked} that it came to, ${after}` : `, ${after}`;
    const long = Number.isFinite(p.lengthRatio)
      ? `The path is ${number(p.lengthRatio, 1)} times the straight line`
      : "A and B are one place, the path is a loop";
    return (
      `${this.verdict(p, typical)} ${before} of ${n} points of ${line} are ${where}` +
      `${came} after the correction${stay}${gone}. ` +
      `${long}, its largest gap ${number(p.tear, 1)} times the median.`
    );
  },
  /** `typical`: the log p - a that 95 % of codes have. */
  verdict(p, typical) {
    const alike = (k) => k < 6 && number(p.bottleneck, k) === number(typical, k);
    const digits = [1, 2, 3, 4, 5, 6].find((k) => !alike(k));
    const lowest = `its lowest log p \u2212 a is ${number(p.bottleneck, digits)}`;
    const rare = `rarer than 95 % of codes, which are above ${number(typical, digits)}`;
    if (p.verdict === "stalled") return "It stalls: it does not arrive at B.";
    if (p.bottleneck === -Infinity) return "It leaves the places where the prior has mass.";
    if (p.verdict === "non_finite") return "It met values that are not finite.";
    if (p.bottleneck === null) return "It arrives.";
    if (p.verdict === "infeasible") return `It arrives, but ${lowest}, ${rare}.`;
    return p.bottleneck < typical
      ? `It arrives; ${lowest}, ${rare}, but no rarer than its worse end, which was given.`
      : `It arrives; ${lowest}, no rarer than 95 % of codes.`;
  },
  point: (i, n, dBefore, dAfter, status) =>
    `Point ${i + 1} of ${n}: D ${number(dBefore)} on the proposal, ${number(dAfter)} after the ` +
    `correction; ${status}.`,
  pointSoFar: (i, n, dBefore, dNow) =>
    `Point ${i + 1} of ${n}: D ${number(dBefore)} on the proposal, ${number(dNow)} so far.`,
  ends: ([ax, ay], da, [bx, by], db) =>
    `A (${number(ax)}, ${number(ay)}): D ${number(da)}. ` +
    `B (${number(bx)}, ${number(by)}): D ${number(db)}.`,
  exact: "Checked with the network itself.",
  quick: "Computed on a grid.",
  gridOnly: (error) => `Computed on a grid, whose D is off by at most ${short(error)}.`,
  bothArcs: "Shown below: the arc whose bottleneck is better.",
  firstArc: "Shown below: the shorter arc.",
  noPrior:
    "Not offered: score, string, a verdict by log p \u2212 a. The page cannot compute log p here.",
  imagesExact: "Images: by the decoder itself.",
  imagesKernel: "Images: by the decoder itself, in the kernel.",
  imagesAtlas: ({ nodes, error }) =>
    `Images: blended from an atlas of ${nodes} \u00d7 ${nodes} decoded ones; ` +
    `off by ${number(error, 1)} of 255 grey levels on average.`,
  imagesWait: "Images: the atlas is being read.",
  imagesNone: (reason) => `Images: none; the atlas: ${reason}`,

  slow: "Play",
  slowEnd: "Leave slow motion",
  back: "Back",
  next: "Next",
  play: "Play",
  pause: "Pause",
  proposeLoop: (n) => [
    "1. Propose",
    `a step towards B, one of ${n - 1}; each waits for the correction of the last.`,
  ],
  evaluateLoop: ["2. Evaluate", "each step is judged as it comes; here is the first."],
  proposed: (i, n) => ["Propose", `point ${i + 1} of ${n}.`],
  passed: (i, n) => ["Evaluate", `point ${i + 1} of ${n} may stay.`],
  corrected: (i, n) => [
    "Evaluate and correct",
    `point ${i + 1} of ${n} may not stay: it is corrected.`,
  ],
  propose: (n, proposal) => [
    "1. Propose",
    `${n} points on the ${{ linear: "straight line", slerp: "arc", arcs: "better arc" }[proposal]}.`,
  ],
  evaluate: (outside, n) => ["2. Evaluate", `${outside} of ${n} are not yet where they should be.`],
  correct: (k, last) => ["3. Correct", `step ${k} of ${last}`],
  evaluateString: [
    "2. Evaluate",
    "no point by itself: the string moves as a whole, till it rests.",
  ],
  finished: "Done.",
  noStep: "No step is allowed.",
  stopped: "It stops: ten steps have brought it no further.",
  follow: (i, d, a, slope) =>
    `Point ${i + 1}: D = ${number(d)}, a = ${number(a)}, |\u2207a| = ${number(slope)}`,
  moves: (move) => `; this step moves it by ${number(move, 3)}.`,
  rests: "; this step moves no point.",
  formula: {
    propose: {
      linear: "z = (1 \u2212 t) A + t B",
      slerp: "direction turned by t, norm (1 \u2212 t)|A| + t|B|",
    },
    loop: {
      linear: "z = z + (B \u2212 z) / (steps left)",
      slerp: "z turned and stretched towards B, by 1 / (steps left) of the way",
    },
    evaluate: {
      band: (c) =>
        c
          ? `|${less("a(z)", c)}| \u2264 2 artanh 2\u03f5 ?`
          : "|D(z) \u2212 \u00bd| \u2264 \u03f5 ?",
      below: (level) => `a(z) \u2264 ${short(level)} ?`,
      score: (level) => `log p(z) \u2212 a(z) \u2265 ${short(level)} ?`,
    },
    // c: the logit aimed at
    probability: (c) =>
      `z \u2190 z \u2212 \u03b7 \u00b7 2 (D \u2212 \u00bd) D (1 \u2212 D) \u2207a` +
      (c ? `, with D = \u03c3${minus(c)}` : ""),
    logit: (c) => `z \u2190 z \u2212 \u03b7 \u00b7 ${minus(c)} \u2207a, no longer than \u00bd`,
    gauss_newton: (c) =>
      `z \u2190 z \u2212 \u03b7 \u00b7 ${minus(c)} \u2207a / (|\u2207a|\u00b2 + 0.001), no longer than \u00bd; ` +
      "a step that overshoots is taken back and halved",
    score: (c, prior) => `${ascent(prior)}, no longer than \u00bd`,
    string: (c, prior) => `${ascent(prior)}; then evenly spaced`,
    noise: "; plus noise",
  },

  table: "The path as a table",
  columns: ["point", "proposal x", "y", "a", "D", "corrected x", "y", "a", "D", "status"],
  given: "given",
  untried: "never tried",
  unjudged: "\u2013",
  status: STATUS,
  link: "Link to this state",
  python: "This state in Python",
  copy: "Copy",
  copied: "Copied",
  cannotCopy: "Press Ctrl+C",
  badLink,
  problem: (reason) => `The interactive figure could not start: ${reason}`,
  number,
};
