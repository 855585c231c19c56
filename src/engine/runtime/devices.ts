import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { listSupportedBackends } from 'onnxruntime-node';

/** Where programs run. `auto`: WebGPU where a GPU answers, else the CPU. */
export type DeviceName = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml' | 'auto';
export type ConcreteDeviceName = Exclude<DeviceName, 'auto'>;

interface DeviceTraits {
  /** Whether results can stay in the device's memory between runs. */
  readonly memory: 'host' | 'device';
  /** Whether ONNX Runtime's own operators (FusedMatMul) are available. */
  readonly dialect: 'contrib' | 'standard';
}

export const deviceTraits: { readonly [D in ConcreteDeviceName]: DeviceTraits } = {
  cpu: { memory: 'host', dialect: 'contrib' },
  webgpu: { memory: 'device', dialect: 'standard' },
  cuda: { memory: 'host', dialect: 'contrib' },
  dml: { memory: 'host', dialect: 'standard' },
  coreml: { memory: 'host', dialect: 'standard' },
};

/**
 * The devices that this machine's ONNX Runtime has code for, the CPU first. Whether there is a GPU behind one
 * shows only when it is opened.
 */
export function listDevices(): ConcreteDeviceName[] {
  const offered = new Set(
    listSupportedBackends()
      .filter(({ name, bundled }) => bundled || isInstalled(name))
      .map(({ name }) => name),
  );
  return (Object.keys(deviceTraits) as ConcreteDeviceName[]).filter((name) => offered.has(name));
}

/** @throws a sentence that lists what this machine offers, if the name is not among it */
export function checkDevice(name: string): asserts name is ConcreteDeviceName {
  const offered = listDevices();
  if ((offered as string[]).includes(name)) return;
  const reason = name in deviceTraits ? 'is not part of this ONNX Runtime' : 'is not a device';
  throw new Error(
    `Device "${name}" ${reason}; this installation has code for ${offered.join(', ')} (auto takes what works)`,
  );
}

/**
 * Whether WebGPU can find a GPU at all. On Linux ONNX Runtime reaches it through Vulkan, and prints a warning of its own
 * where the loader is not installed, so that is looked for first.
 */
export function mayHaveGpu(): boolean {
  if (!listDevices().includes('webgpu')) return false;
  if (process.platform !== 'linux') return true;
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (error) {
    // A library that is there loads, and is then refused as no module of Node's.
    return !/cannot open shared object/.test((error as Error).message);
  }
  return true;
}

/** CUDA's kernels are a library of their own that onnxruntime-node fetches only when asked. */
function isInstalled(backend: string): boolean {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
  return ['lib', ''].some((prefix) =>
    ['.so', '.dll'].some((ending) =>
      existsSync(join(folder, `${prefix}onnxruntime_providers_${backend}${ending}`)),
    ),
  );
}
