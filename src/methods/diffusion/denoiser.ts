import type { NdArray } from '../../engine/arrays/index.ts';
import type { Timestep } from './noise-level.ts';

/** What is sampled: [batch, channels, height, width] for Stable Diffusion; samplers take any shape. */
export type Latents = NdArray<'float32'>;

/**
 * A diffusion model with everything but the latents decided (prompt, guidance, features to inject). It gets
 * x_t = α_t·x₀ + σ_t·ε, always variance preserving, and answers with an array of the same shape: ε, v or x₀, as
 * the `predictionType` of the noise schedule says. The timestep lies in 0 … T − 1 and may be fractional.
 */
export type Denoiser = (latents: Latents, timestep: Timestep, signal?: AbortSignal) => Promise<Latents>;
