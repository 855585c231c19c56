/** What went wrong with a repository of the hub, in one sentence: which one, what, and what to do. */
export class HubError extends Error {
  override readonly name = 'HubError';
}
