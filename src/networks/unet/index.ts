export { type FeatureListOptions, type ListedFeature, listUnetFeatures } from './list-unet-features.ts';
export { parseUnetConfig } from './parse-unet-config.ts';
export { type UnetInput, unet } from './unet.ts';
export * from './unet-config.ts';
export { initializeUnet, unetParameterSpecs } from './unet-parameters.ts';
export { type UnetWithFeatures, unetWithFeatures } from './unet-with-features.ts';
