// Slow motion: propose, evaluate, correct, step by step, each with its formula and its numbers.

import { make } from "./make.js";
import { sigmoid } from "./map.js";

const PAUSE = 500; // milliseconds between two steps while it plays

/**
 * @param {object} words all texts
 * @param {object} space from `readPayload`
 * @param {() => void} change asks for a new picture
 */
export function makeSlow(words, space, change) {
  let step = 0; // 0 propose, 1 evaluate, 2 and on: after so many steps of the correction, plus one
  let last = 1;
  let timer = 0;
  const title = make("p", { "aria-live": "polite" });
  const formula = make("p", { className: "formula" });
  const numbers = make("p", {});
  const [back, play, next] = ["back", "play", "next"].map((name) =>
    make("button", { type: "button", textContent: words[name] }),
  );
  const root = make(
    "div",
    { className: "slow", hidden: true },
    make("div", { className: "bar" }, back, play, next),
    title,
    formula,
    numbers,
  );

  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = words.play;
  };
  const go = (by) => {
    step = Math.max(0, Math.min(last, step + by));
    change();
  };
  back.addEventListener("click", () => (stop(), go(-1)));
  next.addEventListener("click", () => (stop(), go(1)));
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (step === last) step = 0;
    play.textContent = words.pause;
    timer = setInterval(
      () => (step === last || !root.isConnected ? stop() : seen() && go(1)),
      PAUSE,
    );
    return go(0);
  });
  const seen = () => {
    const { top, bottom } = root.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && !document.hidden;
  };

  /** What to draw: all of it or, in slow motion, what there is at this step, with its words. */
  function stage(path, state) {
    const n = path.status.length;
    if (root.hidden) {
      const hollow = Array.from(path.status, (status) => status > 1);
      return {
        points: path.points,
        a: path.a,
        corrected: true,
        whiskers: state.method !== "string",
        hollow,
      };
    }
    last = 1 + path.trace.length;
    step = Math.min(step, last);
    const points = step < 2 ? path.proposal : path.trace[step - 2];
    const before = step < 3 ? path.proposal : path.trace[step - 3];
    const a = logits(points);
    const outside = Array.from(path.insideProposal, (inside) => !inside);
    tell(path, state, points, before, a, outside.filter(Boolean).length, n);
    const failed = Array.from(path.status, (status) => step === last && status > 1);
    return {
      points,
      a,
      corrected: step > 1,
      whiskers: step > 1 && state.method !== "string",
      hollow: step === 1 ? outside : failed,
      followed: step > 1 ? busiest(path) : null,
    };
  }

  function logits(points) {
    const out = new Float64Array(3);
    return Float64Array.from({ length: points.length / 2 }, (_, i) => {
      space.grid.evaluate(points[2 * i], points[2 * i + 1], out);
      return out[0];
    });
  }

  function tell(path, state, points, before, a, outside, n) {
    const steps = last - 1;
    const loop = state.planner === "stepwise" && state.method !== "string";
    const correcting = () => (loop ? words.walk(step - 1, steps) : words.correct(step - 1, steps));
    const [head, text] =
      step === 0
        ? words.propose(n, state.proposal)
        : step === 1
          ? words.evaluate(outside, n)
          : correcting();
    title.textContent = `${head}: ${text}${step === last ? ` ${words.finished}` : ""}`;
    const { propose, evaluate } = words.formula;
    const goal =
      state.method === "score" ? "score" : state.method === "string" ? "both" : state.side;
    formula.textContent =
      step === 0
        ? (propose[state.proposal] ?? propose.slerp)
        : step === 1
          ? evaluate[goal]
          : words.formula[state.method];
    const i = busiest(path);
    const out = new Float64Array(3);
    space.grid.evaluate(points[2 * i], points[2 * i + 1], out);
    const move = Math.hypot(points[2 * i] - before[2 * i], points[2 * i + 1] - before[2 * i + 1]);
    numbers.textContent = words.follow(
      i,
      sigmoid(out[0]),
      out[0],
      Math.hypot(out[1], out[2]),
      move,
    );
    back.disabled = step === 0;
    next.disabled = step === last;
  }

  /** The point to follow: that which moves most in all, the same at every step. */
  function busiest(path) {
    let [best, most] = [Math.floor(path.status.length / 2), 0];
    for (let i = 0; i < path.status.length; i++) {
      const moved = Math.hypot(
        path.points[2 * i] - path.proposal[2 * i],
        path.points[2 * i + 1] - path.proposal[2 * i + 1],
      );
      if (moved > most) [best, most] = [i, moved];
    }
    return best;
  }

  return {
    root,
    get on() {
      return !root.hidden;
    },
    toggle() {
      stop();
      step = 0;
      root.hidden = !root.hidden;
    },
    leave() {
      stop();
      root.hidden = true;
    },
    stage,
  };
}
