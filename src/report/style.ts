/**
 * Style sheet of the page: light or dark as the reader's system, with as many columns as fit. A backslash joins a line
 * with the next one.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --ink: #1c2127; --soft: #5b6570; --line: #dfe3e8; --card: #f6f7f9;
  --c0: #2463c9; --c1: #c8500b; --c2: #1d8050; --c3: #a13ea8; --c4: #8a6a00; --c5: #0c7f8f; --c6: #c22f4d; \
--c7: #5a5f66;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e4e7eb; --soft: #a3acb6; --line: #333a42; --card: #1c2025;
    --c0: #7fb0ff; --c1: #ff9d5c; --c2: #63cf99; --c3: #dd92e4; --c4: #d9b64a; --c5: #5cc8d8; --c6: #ff8ba3; \
--c7: #b3bac2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem clamp(0.75rem, 3vw, 2rem) 3rem;
  background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0 0 0.25rem; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 2.25rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); font-size: 1.25rem; }
h3 { margin: 0 0 0.5rem; font-size: 0.95rem; }
p { margin: 0 0 0.75rem; }
header p, section > p, figcaption { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
.figures.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
figure { margin: 0; padding: 0.9rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); }
figure { --page: var(--card); min-width: 0; }
figcaption { margin-top: 0.4rem; white-space: pre-line; font-size: 0.85rem; line-height: 1.4; }
svg { display: block; overflow: visible; width: 100%; height: auto; font-size: 11.5px; }
.ramp { display: flex; align-items: center; gap: 0.5rem; margin: 0.4rem 0 0; font-size: 0.8rem; color: var(--soft); }
.ramp i {
  flex: 1; height: 0.6rem; border-radius: 0.2rem;
  background: linear-gradient(to right, #440154, #482878, #3e4989, #31688e, #26828e, #1f9e89, #35b779, #6ece58, \
#b5de2b, #fde725);
}
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.75rem 0 0; padding: 0; list-style: none; }
.key i { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 0.4rem; border-radius: 0.2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0 0; }
.tiles div { flex: 1 1 8rem; padding: 0.6rem 0.9rem; border: 1px solid var(--line); border-radius: 0.5rem; \
background: var(--card); }
.tiles dt { color: var(--soft); font-size: 0.8rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.samples { display: grid; gap: 1rem; margin: 0; padding: 0; list-style: none; }
blockquote {
  margin: 0; padding: 0.75rem 0.9rem; border-left: 3px solid var(--c0); background: var(--card);
  font: 0.85rem/1.45 ui-monospace, monospace; white-space: pre-wrap;
}
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: left; \
vertical-align: top; }
th { width: 35%; color: var(--soft); font-weight: normal; }
@media print { figure, li { break-inside: avoid; } }
`;
