// Gives engines time, in a worker or on the page itself, one slice each in turn.

import { createEngine } from "./engine.js";

const SLICE = { worker: 12, page: 4 }; // milliseconds; a product that has begun is finished

/**
 * Engines by number: { open(id, report, options), send(id, command), close(id) }.
 * soon(callback): calls back as soon as others, messages or frames, have had their turn.
 */
export function engines(host, soon, now = () => performance.now()) {
  const all = new Map();
  let [waiting, timer] = [false, null];

  function wake() {
    clearTimeout(timer);
    timer = null;
    if (waiting) return;
    waiting = true;
    soon(turn);
  }

  function turn() {
    waiting = false;
    let wait = Infinity;
    for (const engine of [...all.values()]) {
      wait = Math.min(wait, engine.work(now() + SLICE[host] / all.size));
    }
    if (wait === 0) wake();
    else if (wait < Infinity) timer = setTimeout(wake, wait);
  }

  return {
    open(id, report, options) {
      all.set(id, createEngine(report, { ...options, host, now }));
    },
    send(id, command) {
      all.get(id)?.send(command);
      wake();
    },
    close(id) {
      all.delete(id);
      if (all.size === 0) clearTimeout(timer);
    },
  };
}

/** In a worker: answers the messages of connect.js. */
export function serve(scope) {
  const channel = new MessageChannel(); // unlike a timer, it does not wait
  let next = null;
  channel.port1.onmessage = () => next();
  const own = engines("worker", (callback) => {
    next = callback;
    channel.port2.postMessage(null);
  });
  scope.onmessage = ({ data: { id, open, close, command } }) => {
    if (open) own.open(id, (report) => scope.postMessage({ id, report }, buffersOf(report)), open);
    else if (close) own.close(id);
    else own.send(id, command);
  };
  scope.postMessage({ here: true });
}

/** What a report holds in buffers of its own: it can move over instead of being copied. */
function buffersOf(report) {
  const found = new Set();
  const look = (value) => {
    if (ArrayBuffer.isView(value)) found.add(value.buffer);
    else if (value && typeof value === "object") Object.values(value).forEach(look);
  };
  look(report);
  return [...found];
}

/** On the page itself. */
export const local = () => engines("page", (callback) => setTimeout(callback));
