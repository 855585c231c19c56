import { FormatError, locate } from '../formats/format-error.ts';
import { parseStrictJson } from '../formats/strict-json.ts';
import { type PngText, readPngText } from './png-text.ts';
import {
  formatSettingsText,
  parseSettingsText,
  SETTINGS_KEYWORD,
  type SettingsText,
} from './settings-text.ts';

/** JSON, as a recipe is made of. */
export type RecipeValue =
  | string
  | number
  | boolean
  | null
  | readonly RecipeValue[]
  | { readonly [name: string]: RecipeValue };

/** How a picture was made: for other tools the settings, for this one the whole recipe. */
export interface PictureRecord {
  readonly settings?: SettingsText;
  readonly recipe?: { readonly [name: string]: RecipeValue };
}

/** The PNG text that holds the recipe. */
export const RECIPE_KEYWORD = 'dreamsteerer';

/** Recipes are records of records of settings. */
export const DEEPEST_RECIPE = 64;

/** The texts to write into a PNG file. */
export function textsOfRecord({ settings, recipe }: PictureRecord): PngText[] {
  const texts: PngText[] = [];
  if (settings !== undefined) texts.push({ keyword: SETTINGS_KEYWORD, text: formatSettingsText(settings) });
  if (recipe !== undefined) texts.push({ keyword: RECIPE_KEYWORD, text: JSON.stringify(recipe) });
  return texts;
}

/**
 * What a PNG file says about its making; empty if nothing. Of several texts under one keyword the first counts.
 * @throws {FormatError} a sentence that begins with the path
 */
export const readPictureRecord = async (path: string): Promise<PictureRecord> => {
  const texts = await readPngText(path);
  return locate(path, () => recordOfTexts(texts));
};

export function recordOfTexts(texts: readonly PngText[]): PictureRecord {
  const settings = texts.find(({ keyword }) => keyword === SETTINGS_KEYWORD);
  const recipe = texts.find(({ keyword }) => keyword === RECIPE_KEYWORD);
  return {
    ...(settings === undefined ? {} : { settings: parseSettingsText(settings.text) }),
    ...(recipe === undefined ? {} : { recipe: parseRecipe(recipe.text) }),
  };
}

function parseRecipe(text: string): { readonly [name: string]: RecipeValue } {
  const value = parseStrictJson(new TextEncoder().encode(text), DEEPEST_RECIPE) as RecipeValue;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(
      `its text "${RECIPE_KEYWORD}" is no JSON object; it was not written by this program`,
    );
  }
  return value as { readonly [name: string]: RecipeValue };
}
