import { guidedTexts } from './edsd.ts';
import { stepsUntil } from './guided-images/spatial-guide.ts';
import type { SteerEvent } from './steer.ts';
import { passesPerStep, type SteeringSettings } from './steering-settings.ts';

/**
 * How often a UNet runs for an event: a step of drawing, a look, and a step of inverting or sampling once, and where it
 * is guided another time for the source's features and, by energy, twice for its gradient; a step of steering once for
 * each prediction that EDSD compares (θ and φ at the source, then for each further slight edit and for the discrepancy)
 * and twice for each pass that is differentiated.
 */
export function unetCallsOfSteering(event: SteerEvent, settings: SteeringSettings): number {
  const { edsd, guidedImages } = settings;
  if (event.kind === 'drawing' || event.kind === 'looking') return 1;
  if (event.kind === 'guiding') {
    const { guidance } = guidedImages;
    if (event.stage === 'inverting' || guidance.kind === 'none') return 1;
    const until =
      guidance.kind === 'energy' ? guidance.until : Math.max(guidance.attentionUntil, guidance.residualUntil);
    if (event.step >= stepsUntil(until, event.steps)) return 1;
    return guidance.kind === 'energy' ? 4 : 2;
  }
  if (event.kind !== 'step') return 0;
  const predictions =
    edsd === 'off' ? 0 : edsd.batchSize * (edsd.edits + 1) * 2 * guidedTexts(edsd.guidanceScale).length;
  return predictions + 2 * passesPerStep(settings);
}
