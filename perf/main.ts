/**
 * `npm run perf [-- --only NAME] [--json FILE]`: the speed of the engine on this machine, as shares of what the
 * same run finds the machine to reach. Figures are medians with their spread.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openDevice } from '../src/engine/index.ts';
import type { Figure, Measure } from './measure.ts';
import { attentionSpeed } from './measures/attention.ts';
import { attentionMemory } from './measures/attention-memory.ts';
import { autoencoderMemory } from './measures/autoencoder-memory.ts';
import { convolutionSpeed } from './measures/convolution.ts';
import { fullSize } from './measures/full-size.ts';
import { prepareSgemm, sgemmSize } from './measures/matmul.ts';
import { normalizationSpeed } from './measures/normalization.ts';
import { overhead } from './measures/overhead.ts';
import { steeringMemory } from './measures/steering-memory.ts';
import { unetSpeed } from './measures/unet.ts';

const measures: Readonly<Record<string, Measure>> = {
  convolution: convolutionSpeed,
  attention: attentionSpeed,
  'attention-memory': attentionMemory,
  normalization: normalizationSpeed,
  overhead,
  unet: unetSpeed,
  'full-size': fullSize,
  'autoencoder-memory': autoencoderMemory,
  'steering-memory': steeringMemory,
};

/** They take minutes, or a machine that has nothing else to do. */
const onlyNamed: ReadonlySet<string> = new Set(['autoencoder-memory', 'steering-memory']);

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' } } });
if (values.only !== undefined && !(values.only in measures)) {
  console.error(`No measure is called "${values.only}"; there are ${Object.keys(measures).join(', ')}.`);
  process.exit(1);
}

const device = await openDevice('cpu');
const figures: (Figure & { measure: string })[] = [];
const report = (measure: string, figure: Figure) => {
  figures.push({ measure, ...figure });
  console.log(format(figure));
};

console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}\n`);
const sgemm = await prepareSgemm(device);
const speeds: number[] = [];
for (let i = 0; i < 15; i++) speeds.push(await sgemm());
speeds.sort((a, b) => a - b);
report('matmul', {
  name: `matrix product, ${sgemmSize} × ${sgemmSize} × ${sgemmSize}: the sgemm peak`,
  value: speeds[speeds.length >> 1]!,
  unit: 'GFLOP/s',
  spread: [speeds[0]!, speeds.at(-1)!],
});
for (const [name, measure] of Object.entries(measures)) {
  if (values.only === undefined ? onlyNamed.has(name) : values.only !== name) continue;
  console.log(`\n${name}`);
  for await (const figure of measure({ device, sgemm })) report(name, figure);
}
await device.close();
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);

function format({ name, value, unit, spread, remark }: Figure): string {
  const digits = (x: number) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));
  const range = spread === undefined ? '' : ` (${digits(spread[0])} to ${digits(spread[1])})`;
  return `  ${name.padEnd(58)} ${digits(value).padStart(7)} ${unit}${range}${remark === undefined ? '' : `, ${remark}`}`;
}
