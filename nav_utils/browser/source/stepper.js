// Back, play, next: a walk through numbered steps.

import { box, listen, make } from "./make.js";

const PAUSE = 500; // milliseconds between two steps while it plays, at most
const WHOLE = 12_000; // and of a walk, if its steps are not to flicker by
const LEAST = 80;

/**
 * { bar, title (which says the step aloud), step, last (settable: the number of the last step),
 * begin(), play(), stop(), show() }. `change` asks for a new picture; it plays only while `root` is
 * seen.
 */
export function makeStepper(words, root, change, pause = PAUSE) {
  let timer = 0;
  const title = make("p", { "aria-live": "polite" });
  const [back, play, next] = ["back", "play", "next"].map((name) =>
    make("button", { type: "button", textContent: words[name] }),
  );
  const stepper = { title, step: 0, last: 1, bar: box("bar", back, play, next) };
  stepper.stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = words.play;
    title.setAttribute("aria-live", "polite");
  };
  stepper.begin = () => {
    stepper.stop();
    stepper.step = 0;
  };
  stepper.show = () => {
    stepper.step = Math.min(stepper.step, stepper.last);
    back.setAttribute("aria-disabled", stepper.step === 0); // not disabled, which loses the focus
    next.setAttribute("aria-disabled", stepper.step === stepper.last);
  };
  const go = (by) => {
    stepper.step = Math.max(0, Math.min(stepper.last, stepper.step + by));
    change();
  };
  const isAtEnd = () => stepper.step === stepper.last;
  const isSeen = () => {
    const { top, bottom } = root.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && !document.hidden;
  };
  listen(back, "click", () => (stepper.stop(), go(-1)));
  listen(next, "click", () => (stepper.stop(), go(1)));
  stepper.play = () => {
    if (isAtEnd()) stepper.step = 0;
    play.textContent = words.pause;
    title.setAttribute("aria-live", "off"); // or it speaks twice a second
    const turn = () => (isAtEnd() || !root.isConnected ? stepper.stop() : isSeen() && go(1));
    go(0);
    timer = setInterval(turn, Math.min(pause, Math.max(WHOLE / stepper.last, LEAST)));
  };
  listen(play, "click", () => (timer ? stepper.stop() : stepper.play()));
  return stepper;
}
