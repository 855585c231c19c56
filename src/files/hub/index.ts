export type { PulledModel } from './cached-model.ts';
export type { Patience } from './fetch-blob.ts';
export { HubError } from './hub-error.ts';
export { HUB_ENDPOINT, type HubOptions, hubOptionsFromEnvironment } from './hub-options.ts';
export type { WeightsVariant } from './pipeline-files.ts';
export { type PullOptions, pull } from './pull.ts';
export { type PullClipOptions, pullClip } from './pull-clip.ts';
export type { PullEvent } from './pull-event.ts';
export { parseRepository, type Repository } from './repository.ts';
