// What counts as inside, how a point ended, and which point is near.

import { sigmoid } from "../../browser/source/map.js";

export const HOLE = Math.log(4); // where a is above it the prior promises four codes for each one

/**
 * How a point ended: "given" for an end, "unjudged" for a string's others, "untried" for those
 * that a loop which stalls never came to, else its status.
 */
export function ending(i, { status, walked }, { method, planner }) {
  const alone = method !== "string";
  const given = i === 0 || (i === status.length - 1 && !(alone && planner === "stepwise"));
  if (given) return "given";
  if (i >= walked) return "untried";
  return alone ? status[i] : "unjudged";
}

/** What counts as inside, as two values of D; null when the method does not speak of D. */
export function zone({ method, goal, level, eps }) {
  const band = 2 * Math.atanh(2 * eps);
  if (method === "score") return null;
  if (method === "string") return [0, sigmoid(HOLE)];
  if (goal === "below") return [0, sigmoid(level ?? band)];
  return [sigmoid((level ?? 0) - band), sigmoid((level ?? 0) + band)];
}

/**
 * The point nearest to (x, y), in pixels, of any of the polygons; null if none is within `reach`.
 * `at` turns coordinates into pixels.
 */
export function nearestPoint(polygons, at, x, y, reach) {
  let [best, closest] = [null, reach];
  for (const points of polygons) {
    for (let i = 0; i < points.length / 2; i++) {
      const distance = Math.hypot(at.x(points[2 * i]) - x, at.y(points[2 * i + 1]) - y);
      if (distance < closest) [best, closest] = [i, distance];
    }
  }
  return best;
}
