import * as ort from 'onnxruntime-node';

/**
 * Runs a session whose outputs are in the host's memory: it writes them into tensors of the caller, and they stay there.
 *
 * onnxruntime-node (1.30) copies every output once more into a new buffer when the run is over, also those that the
 * caller has given the memory for: a training step would copy its whole state. It makes a Tensor of each copy, so it
 * is stopped at the first, which is the smallest (`emit`). A version that makes none would simply return.
 */
export async function runIntoBuffers(
  session: ort.InferenceSession,
  inputs: Readonly<Record<string, ort.Tensor>>,
  outputs: Readonly<Record<string, ort.Tensor>>,
): Promise<void> {
  const written = new Error('all outputs are written');
  Object.defineProperty(ort.Tensor.prototype, 'type', {
    configurable: true,
    set() {
      throw written;
    },
  });
  try {
    await session.run(inputs, outputs);
  } catch (error) {
    if (error !== written) throw error;
  } finally {
    Reflect.deleteProperty(ort.Tensor.prototype, 'type');
  }
}
