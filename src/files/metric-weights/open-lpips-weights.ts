import { join } from 'node:path';
import { type LpipsNetwork, lpipsParameterSpecs } from '../../networks/lpips/index.ts';
import { checkParameters, type LazyArrays, requireParameters } from '../checkpoints/index.ts';
import { type ArrayFile, FormatError, openArrays } from '../formats/index.ts';
import { lpipsFiles, metricWeightsFiles } from './metric-weights.ts';

/** LPIPS' parameters on disk, by the names that the network knows them by. */
export interface LpipsWeights {
  readonly config: LpipsNetwork;
  readonly parameters: LazyArrays;
  /** Releases the files; the parameters cannot be read after that. */
  close(): Promise<void>;
}

/**
 * Opens the weights of LPIPS with one network from a folder that `fetchMetricWeights` filled, or anybody's with files
 * of the same names: PyTorch's own cache has the large ones. The classifiers' last layers are not read.
 * @throws {FormatError} if a file is missing, damaged, or not of this network
 */
export async function openLpipsWeights(folder: string, network: LpipsNetwork): Promise<LpipsWeights> {
  const opened: ArrayFile[] = [];
  const close = async () => {
    for (const file of opened) await file.close();
  };
  try {
    for (const name of lpipsFiles[network]) opened.push(await open(folder, metricWeightsFiles[name].name));
    const arrays = new Map(opened.flatMap(({ arrays }) => [...arrays]));
    const where = `${folder}: LPIPS with ${network}`;
    const parameters = requireParameters(where, checkParameters(lpipsParameterSpecs(network), arrays));
    return { config: network, parameters, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(folder: string, name: string): Promise<ArrayFile> {
  const path = join(folder, name);
  return openArrays(path).catch((error: unknown) => {
    const reason: unknown = error instanceof FormatError ? error.cause : undefined;
    if (!(reason instanceof Error && Reflect.get(reason, 'code') === 'ENOENT')) throw error;
    throw new FormatError(`${path}: is not there; fetch the weights of the metrics, or name their folder`, {
      cause: reason,
    });
  });
}
