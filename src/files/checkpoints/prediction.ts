/** What a UNet predicts: the noise, or the velocity (Salimans and Ho 2022, arXiv 2202.00512). */
export type Prediction = 'epsilon' | 'v_prediction';

/** A pattern: Python writes numbers into this file that JSON does not know. */
const said = /"prediction_type"\s*:\s*"([^"]*)"/;

/** What the text of a scheduler's configuration says of it. */
export const predictionOf = (config: string): string | undefined => said.exec(config)?.[1];

/** The same text, saying this. */
export function withPrediction(config: string, prediction: Prediction): string {
  const says = `"prediction_type": "${prediction}"`;
  return said.test(config) ? config.replace(said, says) : config.replace('{', `{ ${says},`);
}
