// What only the playground has of style.

export const STYLE = `
.route { display: flex; gap: 8px; flex: 1 1 200px; min-width: 0; }
.route .control { display: flex; flex: 1; gap: 8px; align-items: center; min-width: 0; }
.route .control select { flex: 1; min-width: 0; }
.play { min-width: 5.5em; }
.losses { height: 240px; width: 100%; display: block; }
.said { margin: 0; min-height: 8.8em; font-variant-numeric: tabular-nums; }
.handle::before { width: 20px; height: 20px; border-width: 2px; opacity: .8; }
.handle b { font-size: 12px; }
.digits { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 8px; font-size: 13px; }
.names { display: flex; flex-direction: column; justify-content: space-around; }
.rows { max-height: 130px; }
.beside { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); }
.beside:not(:empty) { margin-top: 12px; }
figure { margin: 0; min-width: 0; }
.small { width: 100%; aspect-ratio: 1; display: block; border-radius: 4px;
  border: 1px solid var(--faint); }
figcaption { font-size: 13px; }
.slow svg { width: 100%; height: auto; display: block; }
.taken { margin-top: 12px; }
@container (min-width: 616px) {
  .top { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .digits { grid-column: 1 / -1; }
  .controls { grid-template-columns: repeat(3, minmax(0, 1fr)); }
}
@container (min-width: 800px) { .said { min-height: 7.3em; } }
@media print { .taken { display: none; } }
`;
