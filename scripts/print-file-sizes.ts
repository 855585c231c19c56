// `npm run sizes`: how long the source files are. Aim: a median under 120 lines and none over 500.
import { sourceFiles } from './source-files.ts';

const lengths = sourceFiles('src')
  .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  .sort((a, b) => b.lines - a.lines);

console.log(`${lengths.length} files, median ${lengths[lengths.length >> 1]?.lines} lines; the longest:`);
for (const { path, lines } of lengths.slice(0, 10)) console.log(`${lines.toString().padStart(5)}  ${path}`);
