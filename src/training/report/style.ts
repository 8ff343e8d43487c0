/** Of the report: light and dark, readable on a phone and on paper. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fbfaf8; --card: #fff; --ink: #1d2230; --soft: #667; --line: #e3e1dc; --lamp: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #15161b; --card: #1d1f27; --ink: #e9eaf0; --soft: #a2a8b8; --line: #31343f; --lamp: #ff6b5e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
.kicker { color: var(--lamp); font-size: .8rem; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; margin: 0; }
h1 { font-size: 2.2rem; line-height: 1.15; margin: .2rem 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .4rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: 0 0 .8rem; max-width: 70ch; color: var(--soft); }
code { font: .88em ui-monospace, monospace; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem 1.4rem; margin-top: 1.2rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); column-gap: 1.2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem 1.1rem; display: grid; }
.tile b { font-size: 1.9rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.tile small, td small { color: var(--soft); }
.note { border-left: 3px solid #ccbb44; padding-left: .8rem; }
td code, td small, th { white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; }
th, td { padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .85rem; text-align: center; }
summary { cursor: pointer; color: var(--lamp); }
td details { max-width: 60ch; overflow-wrap: anywhere; white-space: pre-wrap; text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
`;
