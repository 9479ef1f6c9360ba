// A playground's state: its settings (see protocol.js), what links say of them, and which settings
// a run makes no use of.

import { fault } from "../../browser/source/link.js";
import { CHOICES, DEFAULTS, LIMITS, clamped } from "./protocol.js";

/** What differs from the defaults, as "objective=plain&lambda=0". */
export const toQuery = (settings) =>
  Object.keys(DEFAULTS)
    .filter((key) => settings[key] !== DEFAULTS[key])
    .map((key) => `${key}=${settings[key]}`)
    .join("&");

/** { settings, faults: parts of a link, as they came, that say nothing usable }. Never throws. */
export function fromQuery(text) {
  const [raw, faults] = [{}, []];
  for (const [key, value] of new URLSearchParams(text)) {
    const known = Object.hasOwn(CHOICES, key)
      ? CHOICES[key].includes(value)
      : Object.hasOwn(LIMITS, key) && value.trim() !== "" && Number.isFinite(Number(value));
    if (known) raw[key] = Object.hasOwn(CHOICES, key) ? value : Number(value);
    else faults.push(fault(key, value));
  }
  return { settings: clamped(raw), faults };
}

const OF_TWO = ["generatorRate", "tiny"];
const OF_D = ["penalty", "discriminatorRate"];

/** The settings that change nothing in a run with these. */
export function unused({ data, objective, optimisers }) {
  if (data !== "digits") return ["objective", "optimisers", "lambda", "beta", ...OF_TWO];
  if (objective === "plain") return ["optimisers", "lambda", "beta", ...OF_D, ...OF_TWO];
  if (objective === "variational") return ["optimisers", "lambda", ...OF_D, ...OF_TWO];
  return optimisers === "two" ? ["beta", "penalty"] : ["beta", ...OF_TWO];
}

/** Whether a run has a discriminator. */
export const hasD = ({ data, objective }) => data !== "digits" || objective === "adversarial";
