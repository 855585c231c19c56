export { chooseTiling, largestMapBytes, MOST_WHOLE_BYTES } from './choose-tiling.ts';
export { parseVaeConfig } from './parse-vae-config.ts';
export { planTiles, type TileSpan, type Tiling } from './plan-tiles.ts';
export { defaultTiling, runTiled, type TiledRun, type TileEvent } from './run-tiled.ts';
export { type LatentDistribution, sampleLatents, type VaeOptions, vaeDecode, vaeEncode } from './vae.ts';
export { pixelsPerCell, type VaeConfig } from './vae-config.ts';
export { initializeVae, vaeParameterSpecs } from './vae-parameters.ts';
