// What only the explorer has of style.

export const STYLE = `
.curve { height: 150px; }
.said { margin: 0; min-height: 11.6em; }
.point { margin: 0; min-height: 2.9em; color: var(--text); }
.digits { display: grid; gap: 2px; grid-template-columns: minmax(0, 1fr); font-size: 13px; }
.names { display: contents; }
.names span:last-child { order: 1; }
.film { position: relative; }
.rows[data-large="true"] { image-rendering: auto; }
.images { order: 2; grid-column: 1 / -1; }
.film i { position: absolute; top: 0; bottom: 0; border: 3px solid #7a0177; pointer-events: none; }
@container (min-width: 440px) { .said { min-height: 9em; } }
@container (min-width: 616px) {
  .said { min-height: 10.2em; }
  .top { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .curve { height: 190px; }
  .digits { order: 1; grid-column: 1 / -1; grid-template-columns: auto minmax(0, 1fr); gap: 0 8px; }
  .controls { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .names { display: flex; flex-direction: column; justify-content: space-around; }
}
@container (min-width: 800px) { .said { min-height: 8.7em; } }
@container (min-width: 1000px) { .said { min-height: 7.3em; } }
@media print { .said[hidden] { display: block !important; } }
`;
