export * from './benchmark.ts';
export { captionOf, promptOf, withArticle } from './caption.ts';
export { type Colour, type ColourName, colourNames } from './colours.ts';
export { randomAppearance, randomConcept } from './random-appearance.ts';
export { type RandomSceneOptions, randomPose, randomScene } from './random-scene.ts';
export { type RenderedScene, renderScene } from './render-scene.ts';
export * from './scene.ts';
export { withAppearance } from './with-appearance.ts';
export { openers, placePhrases, vocabulary } from './words.ts';
