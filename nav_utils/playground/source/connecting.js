// How the view reaches the engine: through one worker for all playgrounds of a page, made of the
// text of the engine's own code; where workers are refused, the page computes, in short slices.

/**
 * connect(report, options) for engine(), a function that needs nothing from outside of itself and
 * returns { serve, local } of hosting.js.
 *
 * options: digits, a Uint8Array, see data.js; arithmetic: "plain" to do without WebAssembly;
 * worker: false to do without. The connection has send(command) and close(); see protocol.js.
 */
export function connecting(engine, { Worker = globalThis.Worker } = {}) {
  let [hub, count] = [null, 0];
  const open = new Map(); // connections by number

  /** The worker, or null; `ready` gets it as soon as that is known. */
  function worker(ready) {
    let made = null;
    const fail = (error) => {
      made?.terminate?.();
      const why = error?.message || "workers are refused";
      if (ready) ready(null, why);
      else {
        hub = null; // the next playground begins another
        for (const report of open.values()) report({ type: "error", text: `the worker: ${why}` });
      }
      ready = null;
    };
    try {
      const source = `(${engine})().serve(self)`;
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      made = new Worker(url);
      made.onerror = fail;
      made.onmessage = ({ data: { here, id, report } }) => {
        if (!here) return open.get(id)?.(report);
        URL.revokeObjectURL(url);
        ready?.(made);
        ready = null;
        return undefined;
      };
    } catch (error) {
      fail(error);
    }
  }

  const far = (made) => ({
    open: (id, report, options) => made.postMessage({ id, open: options }),
    send: (id, command) => made.postMessage({ id, command }),
    close(id) {
      made.postMessage({ id, close: true });
      if (open.size) return;
      made.terminate(); // the last one is gone
      hub = null;
    },
    refused: null,
  });

  function hubFor(useWorker) {
    if (!useWorker) return Promise.resolve({ ...engine().local(), refused: null });
    hub ??= new Promise((resolve) =>
      worker((made, why) => resolve(made ? far(made) : { ...engine().local(), refused: why })),
    );
    return hub;
  }

  return (report, { worker: useWorker = true, ...options } = {}) => {
    const id = count++;
    open.set(id, report);
    const ready = hubFor(useWorker).then((found) => {
      if (!open.has(id)) return null;
      if (found.refused) report({ type: "refused", what: "worker", why: found.refused });
      found.open(id, (message) => open.get(id)?.(message), options);
      return found;
    });
    return {
      send: (command) => void ready.then((found) => open.has(id) && found?.send(id, command)),
      close() {
        open.delete(id);
        void ready.then((found) => found?.close(id));
      },
    };
  };
}
