// Words: how numbers are written, and in which language.

/** A number with a true minus; a dash for none. */
export const number = (x, digits = 2) =>
  Number.isFinite(x) ? x.toFixed(digits).replace("-", "\u2212") : "\u2013";
/** For screen readers, which read "-" as minus. */
export const plain = (x, digits = 2) => x.toFixed(digits);
/** Three digits. */
export const short = (x) => String(Number(x.toPrecision(3))).replace("-", "\u2212");

export const badLink = (faults) =>
  `The link says what makes no sense here: ${faults.slice(0, 5).join(", ")}. The usual values ` +
  "stand instead.";

/** Texts in the language of an element, of those that there are; else in English. */
export const wordsFor = (el, texts) => texts[el.closest("[lang]")?.lang?.slice(0, 2)] ?? texts.en;
