/** What diffusers' training scripts save into their output folders. */
export const savedNames: readonly string[] = [
  'pytorch_custom_diffusion_weights',
  'pytorch_lora_weights',
  'adapter_model',
  'learned_embeds',
].flatMap((name) => [`${name}.safetensors`, `${name}.bin`]);
