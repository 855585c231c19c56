import type { Device, NdArray, StepProgram } from '../../engine/index.ts';
import type {
  ClipImageProcessorConfig,
  ClipTextConfig,
  ClipVisionConfig,
  Tokenizer,
} from '../../networks/clip/index.ts';
import type { LpipsNetwork } from '../../networks/lpips/index.ts';
import type { HeldNetwork } from '../diffusion/held-model.ts';

/** A CLIP model on a device: a vision tower with projection and, where captions are compared, its text tower. */
export interface HeldClip {
  readonly vision: HeldNetwork<ClipVisionConfig>;
  readonly processor: ClipImageProcessorConfig;
  readonly text?: HeldClipText;
}

export interface HeldClipText {
  /** With its `text_projection`. */
  readonly network: HeldNetwork<ClipTextConfig>;
  readonly tokenizer: Tokenizer;
}

/** The networks that metrics measure with; each is needed by those metrics only that name it. */
export interface InstrumentNetworks {
  readonly lpipsAlex?: HeldNetwork<LpipsNetwork>;
  readonly lpipsVgg?: HeldNetwork<LpipsNetwork>;
  /** ViT-B/32, ViT-L/14, the pocket model's own: a table says which. For two, open two sets of instruments. */
  readonly clip?: HeldClip;
  /** The built-in model's CLIP, for the pocket perceptual distance. */
  readonly pocketClip?: HeldClip;
}

export type InstrumentName = keyof InstrumentNetworks;

/** What messages call the networks, and where they come from. */
export const instrumentNames: {
  readonly [I in InstrumentName]: { readonly name: string; readonly obtain: string };
} = {
  lpipsAlex: { name: "LPIPS's AlexNet and linear heads", obtain: 'fetch the weights of the metrics' },
  lpipsVgg: { name: "LPIPS's VGG16 and linear heads", obtain: 'fetch the weights of the metrics' },
  clip: { name: 'a CLIP model', obtain: 'name the folder of one' },
  pocketClip: { name: "the pocket model's CLIP", obtain: 'name the folder of the pocket model' },
};

/**
 * The networks with the programs that were compiled for them, one a size of picture, and the embeddings of pictures
 * that come again and again, such as references. Dispose of it to close the programs; the networks stay the caller's.
 */
export class Instruments {
  private readonly programs = new Map<object, Map<string, Promise<AnyProgram>>>();
  private readonly embeddings = new WeakMap<object, WeakMap<object, Promise<NdArray<'float32'>>>>();

  constructor(
    readonly device: Device,
    readonly networks: InstrumentNetworks = {},
  ) {}

  /** The program of this name for a network, compiled when it is first asked for. */
  program(network: object, name: string, compile: () => Promise<AnyProgram>): Promise<AnyProgram> {
    return remember(inner(this.programs, network, new Map()), name, compile);
  }

  /** What a model made of this very object before; kept as long as both exist. */
  embedding(
    model: object,
    of: object,
    compute: () => Promise<NdArray<'float32'>>,
  ): Promise<NdArray<'float32'>> {
    return remember(inner(this.embeddings, model, new WeakMap()), of, compute);
  }

  async dispose(): Promise<void> {
    const programs = [...this.programs.values()].flatMap((ofNetwork) => [...ofNetwork.values()]);
    this.programs.clear();
    for (const program of programs) await (await program).dispose();
  }
}

type AnyProgram = StepProgram<Readonly<Record<string, NdArray>>, Readonly<Record<string, NdArray>>>;

/** What Map and WeakMap have in common. */
interface Memory<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): unknown;
}

function inner<K, V>(memory: Memory<K, V>, key: K, empty: V): V {
  const known = memory.get(key) ?? empty;
  memory.set(key, known);
  return known;
}

/** A failure is not remembered. */
function remember<K, V>(memory: Memory<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  made.catch(() => memory.delete(key));
  return made;
}
