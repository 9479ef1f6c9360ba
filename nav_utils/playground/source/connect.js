// How the view reaches the engine; see protocol.js. For now a stub answers, with made-up numbers.

import { stub } from "./stub.js";

/** An engine that calls report(message); options: { digits: Uint8Array of data.js's bytes }. */
export function connect(report, options = {}) {
  return stub(report, options);
}
