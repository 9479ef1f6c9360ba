// Fits the text of every slide into 1280 x 720, then starts reveal.js, if it is there.
"use strict";
const SMALLEST = 0.5; // of the size that the style asks for
const STEP = 0.04;

function overflows(section) {
  const body = section.querySelector(".fit");
  const box = section.getBoundingClientRect(), scale = box.width / 1280 || 1;
  const inside = body.getBoundingClientRect();
  const wide = body.scrollWidth * (body.currentCSSZoom ?? 1) > body.clientWidth * (body.currentCSSZoom ?? 1) + 1;
  return wide || inside.bottom > box.bottom - 20 * scale;
}

function fit(section) {
  const body = section.querySelector(".fit");
  let size = 1;
  body.style.zoom = 1;
  while (overflows(section) && size > SMALLEST) {
    size -= STEP;
    body.style.zoom = size;
  }
  section.dataset.size = size.toFixed(2);
}

async function ready() {
  if (window.MathJax?.startup?.promise) await MathJax.startup.promise;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  const sections = [...document.querySelectorAll(".slides > section")];
  document.body.classList.add("fitting"); // a slide that is not shown has no size
  sections.forEach(fit);
  document.body.classList.remove("fitting");
  if (window.Reveal) {
    document.body.classList.add("revealed");
    await Reveal.initialize({
      width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "c/t",
      transition: "none", controls: false, plugins: window.RevealNotes ? [RevealNotes] : [],
    });
    // A live figure may be taller than its picture was.
    Reveal.on("slidechanged", (event) => setTimeout(() => fit(event.currentSlide), 600));
  }
  document.body.dataset.ready = "yes";
}
document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", ready) : ready();
