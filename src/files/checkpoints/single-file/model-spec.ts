import type { Prediction } from '../prediction.ts';

/** One key of a safetensors file's metadata, as Stability's ModelSpec 1.0.1 has it. */
interface Key<Value> {
  readonly name: string;
  /** Undefined where the file does not have it, or has something else under it. */
  read(metadata: ReadonlyMap<string, string>): Value | undefined;
  write(value: Value): string;
}

const predictions: ReadonlyMap<string, Prediction> = new Map([
  ['v', 'v_prediction'],
  ['v_prediction', 'v_prediction'], // what some tools write
  ['epsilon', 'epsilon'],
]);

const prediction: Key<Prediction> = {
  name: 'modelspec.prediction_type',
  read: (metadata) => predictions.get(metadata.get(prediction.name)?.toLowerCase() ?? ''),
  write: (value) => (value === 'v_prediction' ? 'v' : value),
};

/** Side in pixels; widths and heights that differ are of no use here. */
const resolution: Key<number> = {
  name: 'modelspec.resolution',
  read: (metadata) => {
    const { width, height } =
      /^(?<width>\d{1,5})x(?<height>\d{1,5})$/.exec(metadata.get(resolution.name) ?? '')?.groups ?? {};
    return width === height && width !== undefined && Number(width) > 0 ? Number(width) : undefined;
  },
  write: (side) => `${side}x${side}`,
};

/** What a single file in safetensors may say of the training of its UNet, which no tensor tells. */
export const modelSpec = { prediction, resolution };
