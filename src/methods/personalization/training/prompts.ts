/** Our wordings of what Textual Inversion calls neutral context texts (Gal et al. 2022, appendix D). */
const photoPrompts: readonly string[] = [
  'a photo of a {}',
  'a picture of a {}',
  'a close photo of a {}',
  'a bright photo of a {}',
  'a dark photo of a {}',
  'a clear picture of the {}',
  'a cropped photo of the {}',
  'a snapshot of a {}',
  'a photo of my {}',
  'a photo of one {}',
];

/** What pictures without a caption are called: one prompt, or one of several each time. */
export type Wordings = 'one' | 'several';

/**
 * The prompts that a picture is shown with; in a caption `{}` stands for the concept's phrase.
 * @throws a sentence if a caption does not name the concept
 */
export function promptsOf(phrase: string, wordings: Wordings, caption?: string): readonly string[] {
  if (caption === undefined) {
    const chosen = wordings === 'one' ? photoPrompts.slice(0, 1) : photoPrompts;
    return chosen.map((prompt) => prompt.replace('{}', phrase));
  }
  if (caption.includes('{}')) return [caption.replaceAll('{}', phrase)];
  if (caption.includes(phrase)) return [caption];
  throw new Error(
    `personalize: the caption ${JSON.stringify(caption)} does not name the concept; write {} where "${phrase}" belongs`,
  );
}

/** The prompt of what the concept is one of: class pictures are of it, and drift is measured on it. */
export const classPrompt = (classWord: string): string => photoPrompts[0]!.replace('{}', classWord);
