import { type ModuleNames, type Naming, namingOf } from './naming.ts';

/** SD 1.x: transformers' own names below a prefix. SD 2.x: OpenCLIP's. */
export type TextEncoderNames = 'transformers' | 'OpenCLIP';

/** Where the text encoder is in an original file. */
export const originalTextEncoder: { readonly [N in TextEncoderNames]: string } = {
  transformers: 'cond_stage_model.transformer',
  OpenCLIP: 'cond_stage_model.model',
};

/** @param layers of the encoder */
export const textEncoderNaming: { readonly [N in TextEncoderNames]: (layers: number) => Naming } = {
  transformers: () => namingOf([{ tree: '', original: originalTextEncoder.transformers }]),
  OpenCLIP: (layers) =>
    namingOf(
      [...openClipTower, ...Array.from({ length: layers }, (_, layer) => openClipLayer(layer))].map(
        (module) => ({ ...module, original: `${originalTextEncoder.OpenCLIP}${module.original}` }),
      ),
    ),
};

/** CLIPTextModel beside OpenCLIP's (open_clip/transformer.py, built on torch.nn.MultiheadAttention). */
const openClipTower: readonly ModuleNames[] = [
  { tree: 'text_model.embeddings.token_embedding', original: '.token_embedding' },
  { tree: 'text_model.embeddings.position_embedding.weight', original: '.positional_embedding' },
  { tree: 'text_model.final_layer_norm', original: '.ln_final' },
];

const openClipLayer = (layer: number): ModuleNames => ({
  tree: `text_model.encoder.layers.${layer}`,
  original: `.transformer.resblocks.${layer}`,
  inside: [
    ['layer_norm1', 'ln_1'],
    ['layer_norm2', 'ln_2'],
    ['mlp.fc1', 'mlp.c_fc'],
    ['mlp.fc2', 'mlp.c_proj'],
    ['self_attn.q_proj.weight', 'attn.in_proj_weight', 'first third'],
    ['self_attn.k_proj.weight', 'attn.in_proj_weight', 'second third'],
    ['self_attn.v_proj.weight', 'attn.in_proj_weight', 'last third'],
    ['self_attn.q_proj.bias', 'attn.in_proj_bias', 'first third'],
    ['self_attn.k_proj.bias', 'attn.in_proj_bias', 'second third'],
    ['self_attn.v_proj.bias', 'attn.in_proj_bias', 'last third'],
    ['self_attn.out_proj', 'attn.out_proj'],
  ],
});

/** OpenCLIP's ViT-H has 24 layers, of which Stable Diffusion 2 leaves out the last. */
const openClipLayers = 24;

/** Layers of the encoder in an original file that Stable Diffusion uses. */
export function textEncoderLayers(names: Iterable<string>): number {
  let layers = 0;
  let openClip = false;
  for (const name of names) {
    const [, resblock, layer] = /\.(?:resblocks\.(\d+)|encoder\.layers\.(\d+))\./.exec(name) ?? [];
    const index = Number(resblock ?? layer);
    if (!(index < MOST_LAYERS)) continue;
    layers = Math.max(layers, index + 1);
    openClip ||= resblock !== undefined;
  }
  return openClip && layers === openClipLayers ? layers - 1 : layers;
}

/** A number out of a hostile name must not size a list. */
const MOST_LAYERS = 256;
