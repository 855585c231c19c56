export {
  type FetchMetricWeightsOptions,
  fetchMetricWeights,
  type MetricWeightsEvent,
} from './fetch-metric-weights.ts';
export {
  lpipsFiles,
  type MetricWeightsFile,
  type MetricWeightsName,
  metricWeightsFiles,
} from './metric-weights.ts';
export { metricWeightsFolder } from './metric-weights-folder.ts';
export { type LpipsWeights, openLpipsWeights } from './open-lpips-weights.ts';
