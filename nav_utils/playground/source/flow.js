// The diagram of one step: what flows forward (thin), and where each loss's gradient goes (thick).
// It is a plain description, [tag, attributes, children], so that it can be an element of a page or
// the text of a file: the still pictures of the chapters are written from it.

const WIDTH = 570;
const HEIGHT = 236;
const BOX = { w: 88, h: 34 };
// Centres of the boxes.
const PLACES = {
  x: [52, 40],
  encoder: [188, 40],
  z: [324, 40],
  decoder: [460, 40],
  rebuilt: [500, 112],
  reconstruction: [460, 190],
  prior: [52, 112],
  D: [188, 112],
  moments: [188, 112], // of the variational encoder, in the place of D
  noise: [324, 112],
  discriminator: [80, 190],
  adversarial: [240, 190],
};
const MODULES = ["encoder", "decoder", "D"];
const OWN = {
  plain: [],
  variational: ["moments", "noise", "adversarial"],
  adversarial: ["prior", "D", "adversarial", "discriminator"],
};
const COMMON = ["x", "encoder", "z", "decoder", "rebuilt", "reconstruction"];
const LOSSES = ["reconstruction", "adversarial", "discriminator"];
const FORWARD = {
  encode: [
    ["x", "encoder"],
    ["encoder", "z"],
  ],
  moments: [
    ["x", "encoder"],
    ["encoder", "moments"],
  ],
  noise: [
    ["moments", "z"],
    ["noise", "z"],
  ],
  decode: [
    ["z", "decoder"],
    ["decoder", "rebuilt"],
  ],
  prior: [["prior", "D"]],
  judge: [
    ["prior", "D"],
    ["z", "D"],
  ],
};
// From a loss back, box by box; gradients move the modules that they come to.
const BACKWARD = {
  reconstruction: [
    ["reconstruction", "rebuilt"],
    ["rebuilt", "decoder"],
    ["decoder", "z"],
    ["z", "encoder"],
  ],
  adversarial: [
    ["adversarial", "D"],
    ["D", "z"],
    ["z", "encoder"],
  ],
  variational: [
    ["adversarial", "moments"],
    ["moments", "encoder"],
  ],
  discriminator: [["discriminator", "D"]],
};
const MOVES = {
  reconstruction: ["encoder", "decoder"],
  adversarial: ["encoder"],
  variational: ["encoder"],
  discriminator: ["D"],
};
const INK = {
  forward: "#5b6370",
  reconstruction: "#7a0177",
  adversarial: "#08519c",
  variational: "#08519c",
  discriminator: "#b35806",
};

/** The parts of one step of a route, in order. */
export function partsOf(objective) {
  return {
    plain: ["encode", "decode", "reconstruction", "after"],
    variational: ["moments", "noise", "decode", "reconstruction", "variational", "after"],
    adversarial: [
      ...["encode", "decode", "prior", "judge"],
      ...["reconstruction", "adversarial", "discriminator", "after"],
    ],
  }[objective];
}

/**
 * The diagram of a route. part: one of `partsOf`, which lights up; null for all gradients at once.
 * words: those of `flow` in words.en.js.
 */
export function diagram(objective, part, words) {
  const parts = partsOf(objective);
  const noisy = objective === "variational";
  const names = [...COMMON, ...OWN[objective]];
  const gradients = parts.filter((name) => BACKWARD[name]);
  const shown = part === null || part === "after" ? gradients : gradients.filter((g) => g === part);
  const lit = new Set(part === null ? [] : (FORWARD[part] ?? []).flat());
  const moved = new Set(shown.flatMap((g) => MOVES[g]));
  const forward = Object.entries(FORWARD).flatMap(([name, edges]) =>
    parts.includes(name) ? edges.map((edge) => [edge, name === part]) : [],
  );
  const losses = [
    ["rebuilt", "reconstruction"],
    ["D", "adversarial"],
    ["D", "discriminator"],
  ]
    .map(([from, to]) => (to === "adversarial" && noisy ? ["moments", to] : [from, to]))
    .filter(([, to]) => names.includes(to));
  const own = noisy ? { adversarial: words.kl, z: words.sample } : {};
  const label = (name) => own[name] ?? words[name];
  return [
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words.title },
    [
      ["rect", { width: WIDTH, height: HEIGHT, fill: "#ffffff", rx: 6 }, []],
      ...losses.map((edge) => arrow(edge, INK.forward, 1, 0)),
      ...forward.map(([edge, on]) => arrow(edge, INK.forward, on ? 3 : 1, 0)),
      ...shown.flatMap((g, k) => wayBack(g, noisy).map((edge) => arrow(edge, INK[g], 3, 7 + 6 * k))),
      ...names.flatMap((name) => box(name, label(name), lit.has(name), moved.has(name))),
    ],
  ];
}

/** Where a loss's gradient goes; from a code with noise to the encoder by way of mean and width. */
const wayBack = (loss, noisy) =>
  BACKWARD[loss].flatMap(([from, to]) =>
    noisy && from === "z"
      ? [
          ["z", "moments"],
          ["moments", to],
        ]
      : [[from, to]],
  );

/** Half the width of a box. */
const halfOf = (name) =>
  LOSSES.includes(name) ? 66 : ["D", "moments", "z", "noise"].includes(name) ? 56 : BOX.w / 2;

/** A box; a module that a gradient moves has a thick edge and a mark, not only a colour. */
function box(name, text, isLit, isMoved) {
  const [x, y] = PLACES[name];
  const width = 2 * halfOf(name);
  const isModule = MODULES.includes(name);
  const fill = isMoved ? "#fde7f3" : isLit ? "#e3ecfb" : isModule ? "#eceff3" : "#ffffff";
  const rect = {
    x: x - width / 2,
    y: y - BOX.h / 2,
    width,
    height: BOX.h,
    rx: isModule ? 3 : 14,
    fill,
    stroke: "#1b1b1b",
    "stroke-width": isMoved || isLit ? 2.5 : 1,
  };
  const label = {
    x,
    y: y + 4,
    "text-anchor": "middle",
    "font-size": 12,
    "font-family": "system-ui, sans-serif",
    fill: "#1b1b1b",
  };
  return [
    ["rect", rect, []],
    ["text", label, [isMoved ? `${text} \u2191` : text]],
  ];
}

/** A line with a head from one box to another, moved aside by some pixels. */
function arrow([from, to], colour, width, aside) {
  const [[x1, y1], [x2, y2]] = [PLACES[from], PLACES[to]];
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const reach = (name) => {
    return Math.min(
      halfOf(name) / Math.max(Math.abs(ux), 1e-9),
      BOX.h / 2 / Math.max(Math.abs(uy), 1e-9),
    );
  };
  const [a, b] = [reach(from) + 1, length - reach(to) - 2];
  const point = (t, side = 0) =>
    [x1 + t * ux - (aside + side) * uy, y1 + t * uy + (aside + side) * ux].map((v) => v.toFixed(1));
  const head = 5 + width;
  const tip = `M${point(b - head, -head / 2)}L${point(b)}L${point(b - head, head / 2)}Z`;
  const path = `M${point(a)}L${point(b - head + 1)}${tip}`;
  return ["path", { d: path, stroke: colour, "stroke-width": width, fill: colour }, []];
}

/** The description as text, for a file. */
export function toText([tag, attributes, children], isRoot = true) {
  const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const all = isRoot ? { xmlns: "http://www.w3.org/2000/svg", ...attributes } : attributes;
  const given = Object.entries(all).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const inner = children.map((child) =>
    typeof child === "string" ? escaped(child) : toText(child, false),
  );
  return `<${tag}${given.join("")}>${inner.join("")}</${tag}>`;
}

/** The description as an element. */
export function toElement([tag, attributes, children]) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.map((c) => (typeof c === "string" ? c : toElement(c))));
  return node;
}
