import { HubError } from './hub-error.ts';

/** A model repository at a revision: a branch, a tag or a commit. */
export interface Repository {
  /** `organisation/name`, or the bare `name` of the hub's oldest models. */
  readonly name: string;
  readonly revision: string;
}

/** Reads `organisation/name` or `organisation/name@revision`; the revision is `main` unless given. */
export function parseRepository(id: string): Repository {
  const [name = '', revision = 'main', ...rest] = id.split('@');
  if (rest.length > 0 || !name.split('/').every(isRepositoryName) || name.split('/').length > 2) {
    throw new HubError(
      `${JSON.stringify(id)}: a model of the hub is "organisation/name" or "organisation/name@revision"; a folder ` +
        'is given by a path that begins with ./ or /',
    );
  }
  if (!isRevision(revision)) {
    throw new HubError(
      `${JSON.stringify(id)}: ${JSON.stringify(revision)} cannot be a revision; give a branch, a tag or a commit`,
    );
  }
  return { name, revision };
}

/** How messages name it. */
export const formatRepository = ({ name, revision }: Repository): string =>
  revision === 'main' ? name : `${name}@${revision}`;

/** A full commit never changes: what is cached of it needs no connection. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** As huggingface_hub's validate_repo_id: no "--" or "..", which would blur the names of cache folders. */
const isRepositoryName = (name: string): boolean =>
  /^[A-Za-z0-9]([\w.-]{0,94}[\w])?$/.test(name) && !/--|\.\.|\.git$/.test(name);

/** What git allows in a reference, less what a path cannot hold: it becomes one under `refs`. */
const isRevision = (revision: string): boolean =>
  revision.length <= 200 &&
  revision.split('/').every((part) => /^[\w+=,-][\w.+=,-]*$/.test(part) && !part.includes('..'));
