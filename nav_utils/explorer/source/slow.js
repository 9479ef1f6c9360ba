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
    const failed = Array.from(path.status, (status) => status > 1);
    const loop = state.planner === "stepwise" && state.method !== "string";
    const whiskers = state.method !== "string" && !loop;
    if (root.hidden) {
      return { points: path.points, a: path.a, corrected: true, whiskers, hollow: failed };
    }
    last = 1 + path.trace.length;
    step = Math.min(step, last);
    const points = step < 2 ? path.proposal : path.trace[step - 2];
    const before = step < 3 ? path.proposal : path.trace[step - 3];
    const outside = Array.from(path.insideProposal, (inside) => !inside);
    // The evaluation tells of the point that the first step will move.
    const after = step === 1 ? (path.trace[0] ?? points) : points;
    const followed = loop ? Math.min(step - 1, failed.length - 1) : busiest(after, before);
    tell(path, state, loop, outside.filter(Boolean).length);
    const from = loop ? shifted(points) : before;
    numbers.textContent =
      step === 0 || (loop && step === 1) ? "" : numbersOf(followed, points, from, loop);
    return {
      points,
      a: logits(points),
      corrected: step > 1,
      whiskers: step > 1 && whiskers,
      hollow: step === 1 ? outside : failed.map((is) => is && step === last),
      followed: step > 1 ? followed : null,
    };
  }

  function logits(points) {
    const out = new Float64Array(3);
    return Float64Array.from({ length: points.length / 2 }, (_, i) => {
      space.grid.evaluate(points[2 * i], points[2 * i + 1], out);
      return out[0];
    });
  }

  function tell(path, state, loop, outside) {
    const n = path.status.length;
    const goal =
      state.method === "score" ? "score" : state.method === "string" ? "both" : state.side;
    const { propose, evaluate } = words.formula;
    const steps = [
      [
        loop ? words.proposeLoop(n) : words.propose(n, state.proposal),
        propose[state.proposal] ?? propose.slerp,
      ],
      [words.evaluate(outside, n), evaluate[goal]],
    ];
    const walk = loop ? words.walk : words.correct;
    const [[head, text], how] = steps[step] ?? [
      walk(step - 1, last - 1),
      words.formula[state.method],
    ];
    title.textContent = `${head}: ${text}${step === last ? ` ${words.finished}` : ""}`;
    formula.textContent = how;
    back.disabled = step === 0;
    next.disabled = step === last;
  }

  /** Of one point: D, a and |grad a| where the step began (in the loop: where it ended), and the move. */
  function numbersOf(i, points, before, loop) {
    const out = new Float64Array(3);
    const start = loop ? points : before;
    space.grid.evaluate(start[2 * i], start[2 * i + 1], out);
    const move = Math.hypot(points[2 * i] - before[2 * i], points[2 * i + 1] - before[2 * i + 1]);
    return words.follow(i, sigmoid(out[0]), out[0], Math.hypot(out[1], out[2]), move);
  }

  /** The point that this step moves most. */
  function busiest(points, before) {
    let [best, most] = [0, -1];
    for (let i = 0; i < points.length / 2; i++) {
      const moved = Math.hypot(
        points[2 * i] - before[2 * i],
        points[2 * i + 1] - before[2 * i + 1],
      );
      if (moved > most) [best, most] = [i, moved];
    }
    return best;
  }

  /** Each point's predecessor: where the loop came from. */
  function shifted(points) {
    const from = points.slice();
    from.copyWithin(2, 0, points.length - 2);
    return from;
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
