import { stat } from 'node:fs/promises';

/** Whether there is a file or folder of this name. */
export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
