// The style that all live figures have, inside their shadow roots: the page around neither leaks in
// nor is touched.

export const STYLE = `
:host { display: block; margin: 1rem 0; }
.card { --text: #1b1b1b; --back: #ffffff; --soft: #f3f4f6; --faint: #767b84; --zone: #dfe3ea;
  --mark: #7a0177; --focus: #0b57d0;
  font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back);
  border: 1px solid var(--faint); border-radius: 8px; padding: 12px; box-sizing: border-box;
  container-type: inline-size; }
.card[data-theme="dark"] { --text: #ececec; --back: #16181d; --soft: #252932; --faint: #8f96a3;
  --zone: #3a404c; --mark: #ff9be0; --focus: #9cc3ff; }
.card *, .card *::before { box-sizing: border-box; }
.bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 10px; }
.bar label { flex: 1 1 240px; display: flex; gap: 8px; align-items: center; min-width: 0; }
.bar select { flex: 1; min-width: 0; }
button, select, input[type="number"], input[type="text"] { font: inherit; color: inherit;
  background: var(--soft); border: 1px solid var(--faint); border-radius: 5px; padding: 4px 10px;
  min-height: 32px; max-width: 100%; }
button { cursor: pointer; }
button[aria-disabled="true"] { opacity: .55; cursor: default; }
button:focus-visible, select:focus-visible, input:focus-visible, summary:focus-visible {
  outline: 3px solid var(--focus); outline-offset: 2px; }
.top { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
.map { position: relative; width: 100%; max-width: 560px; aspect-ratio: 1; justify-self: center; }
.map canvas { position: absolute; inset: 0; width: 100%; height: 100%; border-radius: 4px; }
.handle { position: absolute; width: 44px; height: 44px; margin: -22px 0 0 -22px; touch-action: none;
  cursor: grab; display: grid; place-items: center; user-select: none; -webkit-user-select: none; }
.handle::before { content: ""; position: absolute; width: 26px; height: 26px; border-radius: 50%;
  background: #fff; border: 3px solid #111; }
.handle b { position: relative; color: #111; font-size: 14px; }
.handle:focus { outline: none; }
.handle:focus-visible::before { outline: 3px solid #0b57d0; outline-offset: 2px;
  box-shadow: 0 0 0 9px rgba(255, 255, 255, .9); }
.handle:active { cursor: grabbing; }
.side { display: grid; gap: 8px; align-content: start; min-width: 0; }
.curve, .rows { display: block; width: 100%; object-fit: contain; }
.rows { image-rendering: pixelated; background: #fff; border: 1px solid var(--faint); }
.slow { padding: 10px; background: var(--soft); border-radius: 6px; }
.slow p { margin: 4px 0; }
.slow button { background: var(--back); }
.formula { font: 15px/1.4 "Cambria Math", "Latin Modern Math", ui-serif, serif; }
.note, .images { margin: 0; font-size: 13px; color: var(--faint); }
.card[data-theme="light"] :is(.note, .images) { color: #595f69; }
details { margin-top: 10px; }
summary { cursor: pointer; padding: 4px 0; }
.controls { display: grid; gap: 8px 18px;
  grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
.control { display: grid; grid-template-columns: 1fr auto; gap: 2px 8px; align-items: center; }
.control > :is(input[type="range"], select, input[type="number"]) { grid-column: 1 / -1; width: 100%; margin: 0; }
.control.check { grid-template-columns: auto 1fr; justify-content: start; }
input[type="range"] { accent-color: var(--focus); min-height: 28px; }
input[type="checkbox"] { width: 20px; height: 20px; accent-color: var(--focus); }
.control[data-unused] { opacity: .6; }
.scroll { overflow-x: auto; max-height: 320px; overflow-y: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: 2px 8px; text-align: right; border-bottom: 1px solid var(--zone); white-space: nowrap; }
.link { display: flex; gap: 8px; align-items: end; margin-top: 10px; }
.link label { flex: 1; display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: center; min-width: 0; }
.link input { flex: 1 1 180px; min-width: 0; font-size: 13px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
[hidden] { display: none !important; }
.problem { border-left: 4px solid #b3261e; padding: 8px 12px; margin: 0 0 10px; }
@media print { .bar, details, .link, .slow, .handle:focus-visible::before { display: none; }
  .card, .card[data-theme] { break-inside: avoid; --text: #000; --back: #fff; } }
@media (forced-colors: active) { .handle::before { background: Canvas; border-color: CanvasText; } }
`;
