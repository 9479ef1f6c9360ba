// Slow motion: propose, evaluate, correct, step by step, each with its formula and its numbers.

import { box, make } from "../../browser/source/make.js";
import { sigmoid } from "../../browser/source/map.js";
import { makeStepper } from "../../browser/source/stepper.js";
import { aimOf, bandOf } from "./correction.js";

/**
 * @param {object} words all texts
 * @param {object} space from `readPayload`
 * @param {() => void} change asks for a new picture
 */
export function makeSlow(words, space, change) {
  const formula = make("p", { className: "formula" });
  const numbers = make("p");
  const root = box("slow");
  const walk = makeStepper(words, root, change);
  root.append(walk.bar, walk.title, formula, numbers);
  root.hidden = true;
  let step = 0; // 0 propose, 1 evaluate, 2 and on: after so many steps of the correction, plus one
  let last = 1;
  let wanted = false; // whether it is to play as soon as its steps are known

  /** What to draw: all of it or, in slow motion, what there is at this step, with its words. */
  function stage(path, state) {
    const failed = Array.from(path.status, (status, i) => status > 1 && i < path.walked);
    const string = state.method === "string";
    const loop = state.planner === "stepwise" && !string;
    if (root.hidden) {
      const whiskers = !string && !loop;
      return { points: path.points, a: path.a, corrected: true, whiskers, hollow: failed };
    }
    last = walk.last = 1 + path.trace.length;
    if (wanted) walk.play();
    wanted = false;
    walk.show();
    step = walk.step;
    const points = step < 2 ? path.proposal : path.trace[step - 2];
    const before = step < 3 ? path.proposal : path.trace[step - 3];
    const asked = step === 1 && !string && !loop;
    const outside = Array.from(path.insideProposal, (inside) => asked && !inside);
    // The evaluation tells of the point that the first step will move.
    const after = step === 1 ? (path.trace[0] ?? points) : points;
    const followed = loop ? Math.max(step >> 1, 1) : busiest(after, before);
    const moved = distance(points, before, followed);
    const tell = loop ? tellLoop : tellStep;
    const [head, text, how] = tell(path, state, { followed, moved, outside: sum(outside) });
    walk.title.textContent = `${head}: ${text}${step === last ? ` ${ended(path, state)}` : ""}`;
    formula.textContent = how;
    numbers.textContent =
      step === 0 || (loop && step === 1) ? "" : numbersOf(followed, before, moved);
    return {
      points,
      a: logits(points),
      corrected: step > 1,
      whiskers: step > 1 && !string && !loop,
      hollow: step === 1 ? outside : failed.map((is) => is && step === last),
      followed: step > 1 ? followed : null,
      from: loop && step > 1 ? before : path.proposal, // where the followed point came from
      unfinished: step < last,
    };
  }

  function logits(points) {
    const out = new Float64Array(3);
    return Float64Array.from({ length: points.length / 2 }, (_, i) => {
      space.grid.evaluate(points[2 * i], points[2 * i + 1], out);
      return out[0];
    });
  }

  /** Head, text and formula of a step that all points take together. */
  function tellStep(path, state, { outside }) {
    const { propose, evaluate } = words.formula;
    const string = state.method === "string";
    if (step === 0)
      return [
        ...words.propose(path.status.length, state.proposal),
        propose[state.proposal] ?? propose.slerp,
      ];
    if (step === 1 && string) return [...words.evaluateString, ""];
    if (step === 1) return [...words.evaluate(outside, path.status.length), goal(evaluate, state)];
    return [...words.correct(step - 1, last - 1), move(state)];
  }

  /** The same of a step of the loop: first a point is proposed, then it is judged. */
  function tellLoop(path, state, { followed }) {
    const n = path.status.length;
    const { evaluate, loop } = words.formula;
    const towards = loop[state.proposal === "linear" ? "linear" : "slerp"];
    if (step === 0) return [...words.proposeLoop(n), towards];
    if (step === 1) return [...words.evaluateLoop, goal(evaluate, state)];
    if (step % 2 === 0) return [...words.proposed(followed, n), towards];
    if (path.status[followed] === 0) return [...words.passed(followed, n), goal(evaluate, state)];
    return [...words.corrected(followed, n), move(state)];
  }

  const goal = (evaluate, state) => {
    const { centre, level } = targetOf(state);
    if (state.method === "score") return evaluate.score(level);
    return state.goal === "below" ? evaluate.below(level) : evaluate.band(centre);
  };

  const move = (state) =>
    words.formula[state.method](targetOf(state).centre, space.prior?.kind) +
    (state.noise ? words.formula.noise : "");

  /** What the numbers are compared with: see `aimOf`. */
  function targetOf(state) {
    const level =
      state.method === "score"
        ? (state.log_q_level ?? space.meta.log_q_50)
        : (state.level ?? bandOf(state));
    return { centre: aimOf({ ...state, logQ50: space.meta.log_q_50 }).centre, level };
  }

  const ended = (path, state) => {
    if (path.walked < path.status.length) return words.stopped;
    return state.steps === 0 ? words.noStep : words.finished;
  };

  /** Of one point: D, a and |grad a| where it was before this step, and its move in it. */
  function numbersOf(i, before, moved) {
    const out = new Float64Array(3);
    space.grid.evaluate(before[2 * i], before[2 * i + 1], out);
    const about = words.follow(i, sigmoid(out[0]), out[0], Math.hypot(out[1], out[2]));
    return step === 1 ? about : about + (moved > 0 ? words.moves(moved) : words.rests);
  }

  const distance = (p, q, i) => Math.hypot(p[2 * i] - q[2 * i], p[2 * i + 1] - q[2 * i + 1]);
  const sum = (flags) => flags.filter(Boolean).length;

  /** The point that this step moves most. */
  function busiest(points, before) {
    let best = 0;
    for (let i = 1; i < points.length / 2; i++) {
      if (distance(points, before, i) > distance(points, before, best)) best = i;
    }
    return best;
  }

  return {
    root,
    get on() {
      return !root.hidden;
    },
    /** From the start: it plays by itself. */
    toggle() {
      walk.begin();
      wanted = root.hidden;
      root.hidden = !root.hidden;
    },
    leave() {
      walk.stop();
      root.hidden = true;
    },
    stage,
  };
}
