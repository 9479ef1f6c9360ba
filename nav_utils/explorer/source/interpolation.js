// Paths between two points of the plane: nav_utils/interpolation.py for d = 2, in float64.

/** n numbers from 0 to 1, rounded as torch.linspace rounds them. */
export function linspace(n) {
  const step = 1 / (n - 1);
  return new Float64Array(n).map((_, i) => (i < n / 2 ? i * step : 1 - step * (n - 1 - i)));
}

/** (1 - t) x + t y, rounded as torch.lerp rounds it; exact at both ends. */
export const mix = (x, y, t) => (t < 0.5 ? x + t * (y - x) : y - (y - x) * (1 - t));

/** The straight path: n points, Float64Array(2n). */
export const lerp = (a, b, n) => path(a, b, n, lerpAt);

/** The path along the shorter arc with a linear norm; straight where no arc is unique. */
export const slerp = (a, b, n) => path(a, b, n, slerpAt);

/**
 * Both ways round the origin, [shorter, longer]; only the straight path if an end is the origin.
 *
 * Between antipodes the anticlockwise one comes first. Between points in (nearly) one direction
 * the longer way is a whole turn, clockwise if they differ by rounding only.
 */
export function arcs(a, b, n) {
  const { u, norm: normA } = polar(a);
  const { u: v, norm: normB } = polar(b);
  if (normA === 0 || normB === 0) return [lerp(a, b, n)];
  const w = [-u[1], u[0]]; // u after a quarter turn, anticlockwise
  const along = dot(u, v);
  const across = dot(w, v);
  const angle = Math.atan2(across, along); // from u to v, anticlockwise, -pi to pi
  const left = across >= -ROUNDING;
  const shorter = left && along < 0 && angle < 0 ? angle + 2 * Math.PI : angle;
  const longer = left ? shorter - 2 * Math.PI : shorter + 2 * Math.PI;
  return [shorter, longer].map((turn) =>
    path(a, b, n, (_a, _b, t) => scaled(turned(u, w, t * turn), mix(normA, normB, t))),
  );
}

/** One point of the straight path. */
export const lerpAt = (a, b, t) => [mix(a[0], b[0], t), mix(a[1], b[1], t)];

/**
 * One point of the arc, or of the line.
 *
 * Near u and near -u the part of v across u is a small difference of large numbers unless the
 * large ones are subtracted first, which is then exact.
 */
export function slerpAt(a, b, t) {
  if (t === 0 || t === 1) return t === 0 ? [...a] : [...b];
  const { u, norm: normA } = polar(a);
  const { u: v, norm: normB } = polar(b);
  const along = dot(u, v);
  const sign = along > 0 ? -1 : 1;
  let rest = [v[0] + sign * u[0], v[1] + sign * u[1]];
  const overlap = dot(u, rest);
  rest = [rest[0] - overlap * u[0], rest[1] - overlap * u[1]];
  const across = Math.sqrt(dot(rest, rest));
  const flat = across <= ROUNDING;
  if (normA === 0 || normB === 0 || (flat && along <= 0)) return lerpAt(a, b, t);
  const direction = flat
    ? [u[0] + t * rest[0], u[1] + t * rest[1]]
    : turned(u, divided(rest, across), t * Math.atan2(across, along));
  return scaled(direction, mix(normA, normB, t));
}

const ROUNDING = 4 * Number.EPSILON; // how far two unit vectors may differ through rounding alone

function path(a, b, n, at) {
  const points = new Float64Array(2 * n);
  linspace(n).forEach((t, i) => points.set(at(a, b, t), 2 * i));
  points.set(a, 0);
  points.set(b, 2 * n - 2);
  return points;
}

const dot = (u, v) => u[0] * v[0] + u[1] * v[1];
const scaled = (u, factor) => [factor * u[0], factor * u[1]];
const divided = (u, length) => [u[0] / length, u[1] / length];
const turned = (u, w, angle) => {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [c * u[0] + s * w[0], c * u[1] + s * w[1]];
};

/** Direction and norm; the largest coordinate is divided out, as its square may overflow. */
function polar(z) {
  const size = Math.max(Math.abs(z[0]), Math.abs(z[1]));
  if (size === 0) return { u: [Math.SQRT1_2, Math.SQRT1_2], norm: 0 };
  const part = divided(z, size);
  const length = Math.sqrt(dot(part, part));
  return { u: divided(part, length), norm: size * length };
}
