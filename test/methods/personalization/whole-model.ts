import { joinArrays, type NdArray } from '../../../src/engine/index.ts';
import type { NetworkChange, OpenedConcept } from '../../../src/files/checkpoints/index.ts';
import {
  type ConceptPlan,
  conceptOfLearned,
  type Learned,
  tokenTable,
} from '../../../src/methods/personalization/index.ts';
import { vocabularySize } from '../../../src/networks/clip/index.ts';
import { smallTokenizer } from '../../networks/clip/tokenizer/small-tokenizer.ts';
import { tinyPipeline } from './tiny-pipeline.ts';

/**
 * A concept of DreamBooth with the text encoder and one word, as another tool saves it: without a card, the word in the
 * tokenizer's files and its vectors in the table.
 */
export function wholeModel(plan: ConceptPlan, learned: Learned<NdArray>): OpenedConcept {
  const { unet, textEncoder, embeddings } = conceptOfLearned(plan, learned);
  const parameters = new Map((textEncoder as Extract<NetworkChange, { kind: 'replaced' }>).parameters);
  const rows = [
    parameters.get(tokenTable) as NdArray,
    ...embeddings.map(({ vectors }) => vectors as NdArray),
  ];
  const [{ word, vectors }] = plan.tokens as [ConceptPlan['tokens'][number]];
  const first = vocabularySize(smallTokenizer());
  const added = Array.from({ length: vectors }, (_, place) => [
    place === 0 ? word : `${word}_${place}`,
    first + place,
  ]);
  return {
    embeddings: [],
    unet,
    textEncoder: { kind: 'replaced', parameters: parameters.set(tokenTable, joinArrays(rows, 0)) },
    card: undefined,
    tokenizerFiles: new Map([
      ...tinyPipeline.tokenizerFiles,
      ['added_tokens.json', Buffer.from(JSON.stringify(Object.fromEntries(added)))],
    ]),
    sentence: '',
    close: async () => {},
  };
}
