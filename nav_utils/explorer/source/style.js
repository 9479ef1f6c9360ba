// What only the explorer has of style.

export const STYLE = `
.method { flex: 1; max-width: 24em; }
.method .control { display: flex; gap: 8px; align-items: center; }
.plane { grid-area: plane; width: 100%; max-width: 560px; justify-self: center; }
.digits { grid-area: digits; }
.side { grid-area: side; }
.top { grid-template-areas: "plane" "digits" "side"; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 6px 0 0; padding: 0;
  list-style: none; font-size: 13px; }
.legend i { display: inline-block; width: 18px; height: 12px; margin-right: 5px;
  vertical-align: -1px; background: #fff; border: 1px solid var(--faint); }
.legend .hole { background: #6baed6; }
.legend .crowd { background: #fdd9a8; }
.legend .bare { background: repeating-linear-gradient(-45deg, #888 0 2px, #fff 2px 5px); }
.legend :is(.dashed, .solid) { height: 0; border: 0; border-top: 2px dashed; vertical-align: 4px;
  background: none; }
.legend .solid { border-top: 3px solid; }
.legend .square { width: 10px; height: 10px; border: 2px solid; background: none; }
.legend .letter { width: auto; height: auto; padding: 0 2px; border: 0; background: none;
  font: bold 13px/1 system-ui, sans-serif; }
.legend .letter::before { content: "7"; }
.hint { margin: 0; font-size: 13px; }
.curve { height: 150px; }
.said { margin: 0; min-height: 8.7em; font-size: 15px; }
.numbers, .point { margin: 4px 0; }
.slow p { min-height: 2.9em; }
.digits { display: grid; gap: 0 8px; grid-template-columns: auto minmax(0, 1fr); font-size: 13px; }
.names { display: flex; flex-direction: column; justify-content: space-around; }
.film { position: relative; }
.rows[data-large="true"] { image-rendering: auto; }
.film i { position: absolute; top: 0; bottom: 0; border: 3px solid #7a0177; pointer-events: none; }
.link[hidden] { display: flex !important; visibility: hidden; }
@container (min-width: 616px) {
  .top { grid-template: "digits digits" "plane side" / minmax(0, 3fr) minmax(0, 2fr); }
  .said { min-height: 10.2em; }
  .controls { grid-template-columns: repeat(3, minmax(0, 1fr)); }
}
@container (min-width: 760px) {
  .top { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  .curve { height: 180px; }
  .said { min-height: 8.7em; }
}
@container (min-width: 1000px) {
  .top { grid-template: "plane digits" auto "plane side" 1fr / minmax(0, 560px) minmax(0, 1fr); }
  .said { min-height: 4.4em; }
}
@media print { .said[hidden] { display: block !important; } }
`;
