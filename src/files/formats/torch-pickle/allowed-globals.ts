import { FormatError, quote } from '../format-error.ts';
import type { StoredType } from '../stored-type.ts';
import type { PickleGlobal } from './pickle-value.ts';

/** What a name on the list stands for; only `call` and `storage` can be used, a `name` is a text. */
export type AllowedGlobal =
  | { readonly as: 'call'; readonly constructs: Constructed }
  | { readonly as: 'storage'; readonly type: StoredType }
  | { readonly as: 'name' };

/** What may be constructed; apply-global.ts has a rule for each. */
export type Constructed =
  | 'tensor'
  | 'parameter'
  | 'parameter dict'
  | 'ordered dict'
  | 'set'
  | 'size'
  | 'device'
  | 'bytes'
  | 'encoded text'
  | 'numpy dtype'
  | 'numpy scalar'
  | 'numpy array';

/** The global, if a checkpoint of weights may name it. */
export function allowedGlobal(module: string, member: string): PickleGlobal {
  const name = `${module}.${member}`;
  const allowed = allowedGlobals.get(name);
  if (allowed === undefined) {
    throw new FormatError(
      `asks for ${quote(name)}, which is not on the list of what a file of weights may name; nothing was run, and if you trust the file save its weights alone or convert them to safetensors`,
    );
  }
  return { kind: 'global', name, allowed };
}

const name: AllowedGlobal = { as: 'name' };
const call = (constructs: Constructed): AllowedGlobal => ({ as: 'call', constructs });
const storage = (type: StoredType): AllowedGlobal => ({ as: 'storage', type });

const allowedGlobals: ReadonlyMap<string, AllowedGlobal> = new Map([
  ['torch._utils._rebuild_tensor_v2', call('tensor')],
  ['torch._utils._rebuild_parameter', call('parameter')],
  ['torch.nn.modules.container.ParameterDict', call('parameter dict')],
  ['torch.Size', call('size')],
  ['torch.device', call('device')],

  ['torch.FloatStorage', storage('float32')],
  ['torch.HalfStorage', storage('float16')],
  ['torch.BFloat16Storage', storage('bfloat16')],
  ['torch.DoubleStorage', storage('float64')],
  ['torch.LongStorage', storage('int64')],
  ['torch.IntStorage', storage('int32')],
  ['torch.ShortStorage', storage('int16')],
  ['torch.CharStorage', storage('int8')],
  ['torch.ByteStorage', storage('uint8')],
  ['torch.BoolStorage', storage('bool')],

  ['torch.float32', name],
  ['torch.float16', name],
  ['torch.bfloat16', name],
  ['torch.float64', name],
  ['torch.int64', name],
  ['torch.int32', name],
  ['torch.int16', name],
  ['torch.int8', name],
  ['torch.uint8', name],
  ['torch.bool', name],
  // The released Stable Diffusion 1.x checkpoints have this class as a key beside their weights.
  ['pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint', name],

  ['collections.OrderedDict', call('ordered dict')],
  // Protocol 2 has Python 2's names of the built-in module, later protocols Python 3's.
  ['__builtin__.set', call('set')],
  ['builtins.set', call('set')],
  ['__builtin__.bytes', call('bytes')],
  ['builtins.bytes', call('bytes')],
  ['_codecs.encode', call('encoded text')],

  ['numpy.dtype', call('numpy dtype')],
  ['numpy.ndarray', name],
  ['numpy.core.multiarray.scalar', call('numpy scalar')],
  ['numpy.core.multiarray._reconstruct', call('numpy array')],
  ['numpy._core.multiarray.scalar', call('numpy scalar')],
  ['numpy._core.multiarray._reconstruct', call('numpy array')],
]);
