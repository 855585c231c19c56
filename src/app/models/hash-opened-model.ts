import { hashModel, hashParameters } from '../../files/checkpoints/index.ts';
import { parseSchedulerConfig } from '../../methods/diffusion/index.ts';
import { contentHash, type PlainData } from '../runs/content-hash.ts';
import type { OpenedModel } from './open-model.ts';

/** SHA-256 of all of a model that decides what is made with it. */
export interface ModelHashes {
  /** Of the UNet and the text encoder: what the cards of concepts name. */
  readonly model: string;
  readonly vae: string;
  /** With what the UNet predicts, as the model's files tell or as it was asked for. */
  readonly scheduler: string;
  readonly tokenizer: string;
}

export async function hashOpenedModel({ checkpoint, tokenizerFiles }: OpenedModel): Promise<ModelHashes> {
  const files = Array.from(tokenizerFiles, ([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]);
  return {
    model: await hashModel(checkpoint),
    vae: await hashParameters({ vae: checkpoint.vae }),
    scheduler: contentHash(parseSchedulerConfig(checkpoint.schedulerConfig) as PlainData),
    tokenizer: contentHash(Object.fromEntries(files)),
  };
}
