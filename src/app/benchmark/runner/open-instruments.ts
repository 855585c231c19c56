import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Device, Owner } from '../../../engine/index.ts';
import { type ClipModel, hashParameters, openClip } from '../../../files/checkpoints/index.ts';
import { metricWeightsFolder, openLpipsWeights } from '../../../files/metric-weights/index.ts';
import { holdNetwork } from '../../../methods/diffusion/held-model.ts';
import {
  type HeldClip,
  holdClip,
  type InstrumentNetworks,
  Instruments,
} from '../../../methods/evaluation/index.ts';
import { isThere } from '../../models/is-there.ts';
import { contentHash, type PlainData } from '../../runs/content-hash.ts';
import type { TaskEvent } from '../../tasks/task-event.ts';
import type { InstrumentIdentity } from '../plan/make-jobs.ts';

/** A CLIP model on disk. */
export interface NamedClip {
  /** Its id on the hub, or the last part of its path. */
  readonly name: string;
  readonly folder: string;
}

export interface NamedInstruments {
  readonly name: string;
  readonly instruments: Instruments;
}

export interface OpenedInstruments {
  /** The first has all networks that there are; each further one another CLIP, after which its figures are called. */
  readonly instruments: readonly NamedInstruments[];
  readonly identity: readonly InstrumentIdentity[];
}

/**
 * Loads what edits are measured with onto a device.
 * @param modelFolder whose own CLIP is there for the pocket perceptual distance, and for everything if no other is named
 */
export async function* openInstruments(
  device: Device,
  modelFolder: string,
  named: readonly NamedClip[],
): AsyncGenerator<TaskEvent, OpenedInstruments, undefined> {
  yield { kind: 'stage', stage: 'Loading what edits are measured with' };
  const own: readonly NamedClip[] = (await isThere(join(modelFolder, 'image_encoder')))
    ? [{ name: "the model's own", folder: modelFolder }]
    : [];
  const clips = named.length > 0 ? named : own;
  const identity: InstrumentIdentity[] = [];
  const held = new Map<string, HeldClip>();
  for (const { name, folder } of [...clips, ...own]) {
    if (held.has(folder)) continue;
    await using owner = new Owner();
    const opened = await openClip(folder);
    owner.defer(opened.close);
    identity.push({ kind: 'CLIP', name, hash: await hashClip(opened) });
    held.set(folder, await holdClip(device, opened));
  }
  const lpips = yield* openLpips(device);
  if (clips.length === 0) {
    yield {
      kind: 'warning',
      message:
        'no CLIP model is named (--clip), so concept similarity is not measured, nor anything at equal one',
    };
  }
  const [clip, pocketClip] = [clips[0], own[0]].map((each) => each && held.get(each.folder));
  const first = { ...lpips.networks, ...(clip && { clip }), ...(pocketClip && { pocketClip }) };
  return {
    instruments: [
      { name: clips[0]?.name ?? 'none', instruments: new Instruments(device, first) },
      ...clips.slice(1).map(({ name, folder }) => ({
        name,
        instruments: new Instruments(device, { clip: held.get(folder)! }),
      })),
    ],
    identity: [...identity, ...lpips.identity],
  };
}

async function hashClip({ vision, text, processor }: ClipModel): Promise<string> {
  const parameters = await hashParameters({ vision, ...(text && { text }) });
  const configs = { vision: vision.config, text: text?.config, processor };
  return contentHash({ parameters, configs: configs as unknown as PlainData });
}

/** LPIPS where its weights are, which is no matter of course. */
async function* openLpips(
  device: Device,
): AsyncGenerator<
  TaskEvent,
  { readonly networks: InstrumentNetworks; readonly identity: readonly InstrumentIdentity[] },
  undefined
> {
  const folder = metricWeightsFolder(process.env, homedir());
  const identity: InstrumentIdentity[] = [];
  let networks: InstrumentNetworks = {};
  for (const [instrument, network, name] of [
    ['lpipsAlex', 'alex', 'Alex'],
    ['lpipsVgg', 'vgg', 'VGG'],
  ] as const) {
    const weights = await openLpipsWeights(folder, network).catch((error: Error) => error);
    if (weights instanceof Error) {
      yield { kind: 'warning', message: `LPIPS (${network}) is left out: ${weights.message}` };
      continue;
    }
    await using owner = new Owner();
    owner.defer(weights.close);
    identity.push({ kind: 'LPIPS', name, hash: await hashParameters({ lpips: weights }) });
    networks = { ...networks, [instrument]: await holdNetwork(device, weights) };
  }
  return { networks, identity };
}
