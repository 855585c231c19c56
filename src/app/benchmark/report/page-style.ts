/** Dark on white, for screens of 1,280 pixels and for paper. */
export const pageStyle = `
  body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1b1b1b; background: #fff;
    margin: 0 auto; padding: 24px 32px 64px; max-width: 1180px; }
  h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 22px; margin: 48px 0 8px; border-bottom: 2px solid #1b1b1b; }
  h3 { font-size: 16px; margin: 28px 0 6px; } p { margin: 6px 0; max-width: 900px; } .quiet { color: #565656; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin: 8px 0; }
  th, td { padding: 4px 9px; text-align: right; vertical-align: top; border-bottom: 1px solid #ddd; }
  th { font-weight: 600; border-bottom: 1.5px solid #1b1b1b; vertical-align: bottom; max-width: 110px; }
  th:first-child, td:first-child { text-align: left; white-space: nowrap; font-weight: 600; max-width: none; }
  td small { display: block; color: #565656; white-space: nowrap; font-size: 11px; }
  td small.better { color: #14612c; } td small.worse { color: #9c1c1c; }
  .pictures td, .pictures th { text-align: center; border: 0; padding: 3px; font-size: 11.5px; max-width: var(--side); overflow-wrap: anywhere; }
  .pictures td:first-child { text-align: left; font-weight: 400; white-space: normal; width: 110px; max-width: 110px;
    vertical-align: middle; }
  .pictures img { display: block; width: var(--side); height: var(--side); object-fit: contain; margin: auto; }
  .absent { display: block; width: var(--side); height: var(--side); line-height: var(--side); color: #777; background: #f3f3f3; margin: auto; }
  .plots { display: flex; flex-wrap: wrap; gap: 12px; } .plots figure { margin: 0; }
  figcaption { font-size: 13px; max-width: 900px; } pre { font-size: 11.5px; white-space: pre-wrap; overflow-wrap: anywhere; }
  @media print { body { padding: 0; } h2 { break-before: page; } table, figure, tr { break-inside: avoid; } }
`;
