import { type Piece, promptPieces, type Tokenizer, wordPositions } from '../../../networks/clip/index.ts';

/** A word of the source prompt, and where its tokens stand among the prompt's 77. */
export interface SubjectWord {
  readonly word: string;
  readonly positions: readonly number[];
}

export interface SubjectPrompts {
  /** What the photo shows, read by the pre-trained model's tokenizer. */
  readonly source: string;
  readonly sourceTokenizer: Tokenizer;
  /** What it should show, read by the tokenizer that knows the concept's placeholder. */
  readonly target: string;
  readonly targetTokenizer: Tokenizer;
}

/**
 * The word of the source prompt whose place the concept takes: the head of the noun phrase in which the prompts differ.
 *
 * 1. The prompts are aligned word by word (longest common subsequence). Of the stretches in which they differ, the
 *    one with a placeholder counts, or the first if there is none: a rare word such as `sks` is no placeholder.
 * 2. From there on the source prompt is read: articles and the like are passed over, then words are taken until
 *    the noun phrase ends, at punctuation, a preposition, a verb in -ing or another function word.
 * 3. The subject is the last of these words, as English puts a noun behind what describes it.
 *
 * `a photo of a cat on the grass` gives `cat` for `a photo of a <v> cat on the grass`, for `… a <v> on the grass` and
 * for `… a <v> dog on the grass`. Where the rule fails, `subjectFromWords` takes the user's choice.
 * @throws a sentence if the prompts do not differ, or nothing can be named
 */
export function findSubjectWord(prompts: SubjectPrompts): SubjectWord {
  const { source, sourceTokenizer, target, targetTokenizer } = prompts;
  const pieces = promptPieces(sourceTokenizer, source);
  const others = promptPieces(targetTokenizer, target);
  const stretches = differingStretches(pieces, others);
  const withPlaceholder = stretches.find(({ inTarget: [from, to] }) =>
    others.slice(from, to).some(({ text }) => targetTokenizer.placeholders.has(text)),
  );
  const stretch = withPlaceholder ?? stretches[0];
  if (stretch === undefined) {
    throw new Error(
      `findSubjectWord: the prompts do not differ (${quote(source)}), so the subject is unknown; name it`,
    );
  }
  const head = headOfPhrase(pieces, stretch.inSource[0]);
  const subject = head === undefined ? undefined : positionsOf(pieces, head, sourceTokenizer);
  if (subject !== undefined) return subject;
  throw new Error(
    `findSubjectWord: found no subject in ${quote(source)} where ${quote(target)} differs from it; name it`,
  );
}

/**
 * The subject as the user names it: one word or several, all their occurrences.
 * @throws a sentence if they do not stand in the source prompt
 */
export function subjectFromWords(tokenizer: Tokenizer, source: string, words: string): SubjectWord {
  const positions = wordPositions(tokenizer, source, words).flat();
  if (positions.length > 0) return { word: words, positions };
  throw new Error(
    `subjectFromWords: ${quote(words)} does not stand in the source prompt ${quote(source)}; name words of it`,
  );
}

/** Pieces from … to, the last not included. */
type Span = readonly [from: number, to: number];

interface Stretch {
  readonly inSource: Span;
  readonly inTarget: Span;
}

/** Where two texts differ, by a longest common subsequence of their pieces. */
function differingStretches(source: readonly Piece[], target: readonly Piece[]): Stretch[] {
  const width = target.length + 1;
  const common = new Uint16Array((source.length + 1) * width); // of the rests from i and j on
  for (let i = source.length - 1; i >= 0; i--) {
    for (let j = target.length - 1; j >= 0; j--) {
      common[i * width + j] =
        source[i]!.text === target[j]!.text
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const stretches: Stretch[] = [];
  let [i, j] = [0, 0];
  while (i < source.length || j < target.length) {
    const [fromSource, fromTarget] = [i, j];
    while (
      (i < source.length || j < target.length) &&
      !(i < source.length && j < target.length && source[i]!.text === target[j]!.text)
    ) {
      const dropSource = j === target.length || common[(i + 1) * width + j]! >= common[i * width + j + 1]!;
      if (i < source.length && dropSource) i++;
      else j++;
    }
    if (i > fromSource || j > fromTarget) {
      stretches.push({ inSource: [fromSource, i], inTarget: [fromTarget, j] });
    } else {
      i++;
      j++;
    }
  }
  return stretches;
}

/** Index of the last word of the noun phrase that begins at or behind `from`. */
function headOfPhrase(pieces: readonly Piece[], from: number): number | undefined {
  let first = from;
  while (first < pieces.length && isDeterminer(pieces[first]!.text)) first++;
  let end = first;
  while (end < pieces.length && isPartOfPhrase(pieces[end]!.text, end === first)) end++;
  return end > first ? end - 1 : undefined;
}

const isPartOfPhrase = (text: string, isFirst: boolean): boolean =>
  /^\p{L}+$/u.test(text) && !functionWords.has(text) && !isDeterminer(text) && (isFirst || !isVerbal(text));

/** `sitting`, not `ring`: a vowel stands before -ing. */
const isVerbal = (text: string): boolean => /[aeiouy].*ing$/.test(text);

const isDeterminer = (text: string): boolean => determiners.has(text);

const determiners = new Set(
  'a an the this that these those my your his her its our their one two three some any each'.split(' '),
);

/** What ends a noun phrase. Not complete, and need not be: the subject can be named. */
const functionWords = new Set(
  (
    'about above across after against along among and around as at before behind below beneath beside between beyond ' +
    'but by down during for from in inside into is are was were has have had near next of off on onto or out over ' +
    'past sits stands lies runs through to toward towards under underneath up upon who whose which while with within without'
  ).split(' '),
);

function positionsOf(
  pieces: readonly Piece[],
  index: number,
  { length }: Tokenizer,
): SubjectWord | undefined {
  const begin = 1 + pieces.slice(0, index).reduce((sum, { ids }) => sum + ids.length, 0);
  const { text, ids } = pieces[index]!;
  if (begin + ids.length >= length) return undefined; // cut off, or where the end token stands
  return { word: text, positions: ids.map((_, token) => begin + token) };
}

const quote = (text: string): string => JSON.stringify(text);
