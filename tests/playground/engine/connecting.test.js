import assert from "node:assert/strict";
import test from "node:test";
import vm from "node:vm";

import { connecting } from "../../../nav_utils/playground/source/connecting.js";

/** Stands for the bundled engine: says what it is told, and by whom it was started. */
function engine() {
  const own = (host, say) => ({
    open: (id, report, options) => say(report, { type: "ready", id, host, ...options }),
    send: (id, command) => own.sent.push([id, command]),
    close() {},
  });
  own.sent = [];
  return {
    local: () => own("page", (report, message) => report(message)),
    serve(scope) {
      scope.onmessage = ({ data: { id, open, close, command } }) => {
        const report = {
          type: open ? "ready" : close ? "gone" : command.type,
          host: "worker",
          ...open,
        };
        scope.postMessage({ id, report });
      };
      scope.postMessage({ here: true });
    },
  };
}

/** A Worker of node's: runs the text of its Blob in a context of its own. */
function workers() {
  const all = [];
  class Worker {
    constructor(url) {
      all.push(this);
      this.scope = {
        postMessage: (data) => setImmediate(() => this.onmessage({ data: structuredClone(data) })),
      };
      void fetch(url)
        .then((response) => response.text())
        .then((text) => vm.runInNewContext(text, { self: this.scope }));
    }
    postMessage(data) {
      setImmediate(() => this.scope.onmessage({ data }));
    }
    terminate() {
      this.gone = true;
    }
  }
  return { Worker, all };
}

const soon = (check) =>
  new Promise((resolve, reject) => {
    let left = 4000;
    const look = () => {
      if (check()) resolve();
      else if (left-- === 0) reject(new Error(`not so in time: ${check}`));
      else setTimeout(look, 5);
    };
    look();
  });

test("many playgrounds share one worker, which goes with the last of them", async () => {
  const { Worker, all } = workers();
  const connect = connecting(engine, { Worker });
  const told = [];
  const many = [0, 1, 2].map((k) => connect((report) => told.push([k, report]), { digits: [k] }));
  await soon(() => told.length === 3);
  assert.equal(all.length, 1);
  assert.deepEqual(told[1], [1, { type: "ready", host: "worker", digits: [1] }]);
  many[2].send({ type: "play" });
  await soon(() => told.length === 4);
  assert.deepEqual(told[3], [2, { type: "play", host: "worker" }]);
  many[0].close();
  many[0].send({ type: "play" });
  many[1].close();
  await soon(() => true);
  assert.ok(!all[0].gone);
  many[2].close();
  await soon(() => all[0].gone);
  assert.equal(told.length, 4, "who has closed hears no more");
  connect((report) => told.push([3, report]));
  await soon(() => told.length === 5);
  assert.equal(all.length, 2, "the next one begins another");
});

test("a worker that breaks is told, and the next playground has another", async () => {
  const { Worker, all } = workers();
  const told = [];
  const connect = connecting(engine, { Worker });
  connect((report) => told.push(report));
  await soon(() => told.length === 1);
  all[0].onerror({ message: "no memory" });
  assert.deepEqual(told[1], { type: "error", text: "the worker: no memory" });
  connect((report) => told.push(report));
  await soon(() => told.length === 3);
  assert.deepEqual([told[2].host, all.length], ["worker", 2]);
});

test("where workers are refused, at once or later, the page computes", async () => {
  const refusing = {
    "no such thing": undefined,
    thrown: class {
      constructor() {
        throw new Error("no workers here");
      }
    },
    "told later": class {
      constructor() {
        setTimeout(() => this.onerror({ message: "blocked" }));
      }
    },
  };
  for (const [name, Worker] of Object.entries(refusing)) {
    const told = [];
    connecting(engine, { Worker })((report) => told.push(report));
    await soon(() => told.length === 2);
    assert.deepEqual(
      [told[0].type, told[0].what, told[1].host],
      ["refused", "worker", "page"],
      name,
    );
    assert.ok(told[0].why.length > 5, name);
  }
});

test("a page may do without a worker", async () => {
  const { Worker, all } = workers();
  const told = [];
  connecting(engine, { Worker })((report) => told.push(report), { worker: false });
  await soon(() => told.length === 1);
  assert.deepEqual([told[0].host, all.length], ["page", 0]);
});
