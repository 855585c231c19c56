import { randomBytes } from './random-bytes.ts';

/** What a repository of a Stable Diffusion 1.5 pipeline holds, in small. */
export const tinyPipeline = (): Map<string, Buffer> => new Map(pipeline);

const pipeline: ReadonlyMap<string, Buffer> = drawPipeline();

function drawPipeline(): Map<string, Buffer> {
  const part = (library: string, name: string) => [library, name];
  const modelIndex = {
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: '0.6.0',
    feature_extractor: part('transformers', 'CLIPFeatureExtractor'),
    safety_checker: part('stable_diffusion', 'StableDiffusionSafetyChecker'),
    scheduler: part('diffusers', 'PNDMScheduler'),
    text_encoder: part('transformers', 'CLIPTextModel'),
    tokenizer: part('transformers', 'CLIPTokenizer'),
    unet: part('diffusers', 'UNet2DConditionModel'),
    vae: part('diffusers', 'AutoencoderKL'),
  };
  return new Map<string, Buffer>([
    ['.gitattributes', Buffer.from('*.safetensors filter=lfs')],
    ['README.md', Buffer.from('# Tiny')],
    ['model_index.json', Buffer.from(JSON.stringify(modelIndex))],
    ['feature_extractor/preprocessor_config.json', Buffer.from('{}')],
    ['safety_checker/config.json', Buffer.from('{"a": 1}')],
    ['safety_checker/model.safetensors', randomBytes(1, 1000)],
    ['scheduler/scheduler_config.json', Buffer.from('{"beta_start": 0.00085}')],
    ['text_encoder/config.json', Buffer.from('{"hidden_size": 768}')],
    ['text_encoder/model.safetensors', randomBytes(2, 40_000)],
    ['text_encoder/model.fp16.safetensors', randomBytes(3, 20_000)],
    ['text_encoder/pytorch_model.bin', randomBytes(4, 40_000)],
    ['tokenizer/merges.txt', Buffer.from('#version: 0.2\ni n')],
    ['tokenizer/special_tokens_map.json', Buffer.from('{"pad_token": "x"}')],
    ['tokenizer/vocab.json', Buffer.from('{"i": 0}')],
    ['unet/config.json', Buffer.from('{"in_channels": 4}')],
    ['unet/diffusion_pytorch_model.safetensors', randomBytes(5, 3_000_000)],
    ['unet/diffusion_pytorch_model.fp16.safetensors', randomBytes(6, 1_500_000)],
    ['unet/diffusion_pytorch_model.bin', randomBytes(7, 3_000_000)],
    ['v1-5-pruned.ckpt', randomBytes(8, 5000)],
    ['vae/config.json', Buffer.from('{"latent_channels": 4}')],
    ['vae/diffusion_pytorch_model.safetensors', randomBytes(9, 50_000)],
    ['vae/diffusion_pytorch_model.fp16.safetensors', randomBytes(10, 25_000)],
  ]);
}

export const UNET = 'unet/diffusion_pytorch_model.safetensors';
export const VAE = 'vae/diffusion_pytorch_model.safetensors';

/** What of it is needed, in full precision. */
export const NEEDED: readonly string[] = [
  'model_index.json',
  'unet/config.json',
  UNET,
  'vae/config.json',
  VAE,
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
  'tokenizer/vocab.json',
  'tokenizer/merges.txt',
  'tokenizer/special_tokens_map.json',
  'scheduler/scheduler_config.json',
];
