/**
 * What runs measured beyond the count of `intermediateBytes`: kernels' workspaces, memory that freed values leave in
 * pieces, and buffers that ONNX Runtime holds for later values. From the peaks of SD-1.5's UNet at 64 x 64 latents in
 * docs/performance.md (weights 3.2 GiB; forward 3.9 and 4.4 GiB for a batch of 1 and 2, counted 0.10 and 0.20; backward
 * to keys and values 6.0 GiB, counted 1.76; to all parameters 9.1 GiB with 3.2 of gradients, counted 2.59). Measured
 * again, these are the numbers to change.
 */
export const calibration = {
  /** The process itself, and programs. */
  fixedBytes: 0.3 * 2 ** 30,
  /** Of a forward pass. */
  forward: 4.5,
  /**
   * Of a forward and a backward pass, of the count without recomputation: what recomputing saves by the count is not
   * what it saves. Without recomputation nothing was measured; what it keeps is added.
   */
  backward: { recompute: 1.3, keep: 2.3 },
  /** Of the decoder for a picture or a tile, 1.7 to 1.8 by `npm run perf -- --only autoencoder-memory`. */
  decoder: 2,
} as const;
