// Elements are made here and nowhere else, and text goes in as text, never as HTML.

/** An element with properties, attributes (names with a dash, and role) and children. */
export function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key.includes("-") || key === "role") node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children);
  return node;
}

/** A div of a class, with children. */
export const box = (className, ...children) => make("div", { className }, ...children);

export const listen = (target, event, hear) => target.addEventListener(event, hear);
