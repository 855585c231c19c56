import type { Latents } from './denoiser.ts';

/**
 * @param holder begins the message, and ends in a verb: "the latents after the step hold"
 * @throws a sentence at the first element that is no finite number
 */
export function requireFinite({ data }: Latents, holder: string): void {
  const first = data.findIndex((value) => !Number.isFinite(value));
  if (first < 0) return;
  const count = data.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  throw new Error(
    `${holder} ${count} of ${data.length} values that are not finite, the first ${data[first]} at index ${first}; ` +
      'check the model (half precision may overflow) and the guidance scale',
  );
}
