/**
 * How the page looks: one column, quiet type, one accent colour, light and dark as the reader's device is set, and on
 * paper as in the light. No font, image or script comes from anywhere.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --ink: #1f1d1a; --faint: #6b665d; --rule: #dedad1; --track: #efece5;
  --quiet: #bfb8aa; --plain: #857e71; --soft: #e0a184; --loud: #b3431d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171614; --ink: #e9e5dd; --faint: #a39c90; --rule: #37342f; --track: #24221f;
    --quiet: #55504a; --plain: #8b8478; --soft: #8f4f35; --loud: #ea8559;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
}
main, header, footer { max-width: 792px; margin: 0 auto; padding: 0 36px; }
header { padding-top: 72px; }
h1, h2, .figure b {
  font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "Liberation Serif", Georgia, serif; font-weight: 400;
}
h1 { font-size: 46px; line-height: 1.1; letter-spacing: -0.01em; margin: 10px 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 27px; line-height: 1.2; margin: 0 0 10px; }
.eyebrow { color: var(--loud); font-size: 13px; letter-spacing: 0.08em; text-transform: uppercase; margin: 0; }
.period { color: var(--faint); font-size: 18px; margin: 0; }
.figures {
  display: grid; grid-template-columns: repeat(4, auto); gap: 20px 32px; justify-content: space-between;
  margin: 48px 0 0; padding: 22px 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule);
}
.figure b { display: block; font-size: 36px; line-height: 1.15; font-variant-numeric: lining-nums tabular-nums; white-space: nowrap; }
.figure span { color: var(--faint); font-size: 14px; }
section { margin-top: 76px; }
section p { margin: 0 0 8px; max-width: 62ch; }
code { font: 0.9em ui-monospace, "SF Mono", "Liberation Mono", Consolas, monospace; overflow-wrap: anywhere; }
figure { margin: 28px 0 0; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
.narrow { display: none; }
svg text {
  fill: var(--ink); font: 12.5px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
svg .faint { fill: var(--faint); } svg .end { text-anchor: end; } svg .middle { text-anchor: middle; fill: var(--faint); }
svg .strong { font-weight: 600; }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .base { stroke: var(--faint); stroke-width: 1; }
.track { fill: var(--track); }
.tone-quiet { fill: var(--quiet); background: var(--quiet); } .tone-plain { fill: var(--plain); background: var(--plain); }
.tone-soft { fill: var(--soft); background: var(--soft); } .tone-loud { fill: var(--loud); background: var(--loud); }
.tone-hatched { fill: var(--track); stroke: var(--faint); stroke-width: 1; stroke-dasharray: 2 2; background: var(--track); }
.shade-0 { fill: var(--track); } .shade-1 { fill: var(--loud); fill-opacity: 0.22; } .shade-2 { fill: var(--loud); fill-opacity: 0.45; }
.shade-3 { fill: var(--loud); fill-opacity: 0.7; } .shade-4 { fill: var(--loud); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 14px; padding: 0; font-size: 14px; color: var(--faint); }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 7px; border-radius: 1px; }
.legend i.tone-hatched { outline: 1px dashed var(--faint); outline-offset: -1px; }
.legend i.shade-0 { background: var(--track); } .legend i.shade { background: var(--loud); }
details { margin-top: 18px; font-size: 14px; } details + details { margin-top: 4px; }
summary { cursor: pointer; color: var(--faint); width: fit-content; padding: 4px 0; }
summary:hover, summary:focus-visible { color: var(--loud); }
.scroll { overflow-x: auto; margin: 10px 0 0; }
table { border-collapse: collapse; min-width: 50%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); padding-bottom: 8px; max-width: 62ch; }
th, td { text-align: left; padding: 5px 22px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; } td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.open { margin-top: 18px; font-size: 14px; }
.cases { display: grid; gap: 26px; margin: 28px 0 0; padding: 0; list-style: none; }
.cases li { border-left: 2px solid var(--loud); padding-left: 18px; max-width: 62ch; break-inside: avoid; }
.cases p { margin: 0 0 4px; } .cases .facts { color: var(--faint); font-size: 14px; }
footer { margin-top: 84px; margin-bottom: 72px; color: var(--faint); font-size: 14px; }
footer p { border-top: 1px solid var(--rule); padding-top: 18px; margin: 0; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main, header, footer { padding: 0 20px; }
  header { padding-top: 44px; }
  h1 { font-size: 34px; } h2 { font-size: 24px; }
  section { margin-top: 60px; }
  .figures { grid-template-columns: repeat(2, 1fr); margin-top: 34px; gap: 18px 20px; }
  .figure b { font-size: 30px; }
  .wide { display: none; } .narrow { display: block; }
  th, td { padding-right: 14px; }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --faint: #555; --rule: #ccc; --track: #eee;
    --quiet: #bfb8aa; --plain: #857e71; --soft: #e0a184; --loud: #b3431d;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 18mm 16mm; }
  main, header, footer { padding: 0; max-width: 720px; }
  header { padding-top: 0; }
  section { margin-top: 44px; break-inside: avoid; }
  details { display: none; }
  h2, section p { break-after: avoid; }
}
`
