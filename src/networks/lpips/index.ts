export { featureDistance } from './feature-distance.ts';
export { featureTower, featureTowerSpecs, featureTowers, type LpipsNetwork } from './feature-tower.ts';
export { type LpipsOutputs, lpips, lpipsParameterSpecs, scaleInput } from './lpips.ts';
