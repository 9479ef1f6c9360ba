// Slow motion: the parts of one step, one by one, with the diagram of what flows where.

import { box, make } from "../../browser/source/make.js";
import { makeStepper } from "../../browser/source/stepper.js";
import { diagram, partsOf, toElement } from "./flow.js";
import { drawCodes, drawMoves, drawSamples, pulled } from "./plane.js";

const PAUSE = 1800; // milliseconds between two parts while it plays
const SHOWN = 10; // images of the batch in the rows

/** `change` asks for a new picture. */
export function makeSlow(words, change) {
  const root = box("slow");
  const numbers = make("p");
  const picture = box("flow");
  const walk = makeStepper(words, root, change, PAUSE);
  root.append(walk.bar, walk.title, picture, numbers);
  root.hidden = true;
  let told = null; // the report "slow"
  let drawn = "";

  return {
    root,
    get on() {
      return !root.hidden;
    },
    /** Show a step that was told; settings: those of the run. */
    begin(report) {
      told = report;
      walk.begin();
      root.hidden = false;
    },
    leave() {
      walk.stop();
      root.hidden = true;
      told = null;
    },
    /** The name of the part that is shown, and what it shows of the batch: { part, rows }. */
    show(settings) {
      if (!told) return { part: null, rows: null };
      const exact = told.images === null;
      const objective = exact ? "adversarial" : settings.objective;
      const parts = partsOf(objective).filter(
        (part) => !exact || ["prior", "judge", "discriminator"].includes(part),
      );
      walk.last = parts.length - 1;
      walk.show();
      const part = parts[walk.step];
      const [head, text] = words.parts[part];
      walk.title.textContent = `${walk.step + 1}. ${head}: ${text}`;
      const key = part === "variational" ? "adversarial" : part;
      numbers.textContent = words.partNumbers[key]?.(told) ?? "";
      if (drawn !== objective + part) {
        drawn = objective + part;
        picture.replaceChildren(toElement(diagram(objective, part, words.flow)));
      }
      const rows = exact
        ? null
        : [told.images.subarray(0, 64 * SHOWN), told.rebuilt.subarray(0, 64 * SHOWN)];
      const decoded = !["encode", "moments", "noise"].includes(part);
      return { part, rows: decoded ? rows : null };
    },
    /** Draw the batch over the ground. */
    draw(context, size, dpr, part, radius) {
      const { after, prior, pulls, labels } = told;
      const ofMeans = told.means && ["moments", "variational", "after"].includes(part);
      const codes = ofMeans ? told.means : told.codes; // as they were before the step
      const now = part === "after" ? after : codes;
      if (part === "prior" || part === "judge" || part === "discriminator") {
        if (prior) drawSamples(context, size, prior, radius);
      }
      if (part === "noise") drawMoves(context, size, told.means, codes, radius);
      if (part === "after") drawMoves(context, size, codes, after, radius);
      const pull = part === "variational" ? "adversarial" : part;
      if (pulls?.[pull]) {
        drawMoves(context, size, codes, pulled(codes, pulls[pull], radius), radius);
      }
      drawCodes(context, size, dpr, now, labels ?? [], radius);
    },
  };
}
