/**
 * Owns what a function acquires until it is handed on: after `await using owner = new Owner()` all of it is released,
 * the last first, however the function ends. An `AsyncDisposableStack` for Node 20, which has none.
 */
export class Owner implements AsyncDisposable {
  private readonly releases: (() => Promise<unknown>)[] = [];

  /** @returns what is owned from now on, if it is anything */
  use<T extends { dispose(): Promise<unknown> } | undefined>(acquired: T): T {
    return this.adopt(acquired, async () => acquired?.dispose());
  }

  /** The same of what is released in another way. */
  adopt<T>(acquired: T, release: (acquired: T) => Promise<unknown>): T {
    this.defer(() => release(acquired));
    return acquired;
  }

  /** Something else to be done then. */
  defer(release: () => Promise<unknown>): void {
    this.releases.push(release);
  }

  /** Hands everything on, to a new owner or to the caller, who is given it: this one has nothing left to release. */
  move(): Owner {
    const next = new Owner();
    next.releases.push(...this.releases.splice(0));
    return next;
  }

  /**
   * Releases everything, also where a release fails.
   * @throws the error of a release, of several an `AggregateError`
   */
  readonly dispose = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const release of this.releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 1)
      throw new AggregateError(errors, `${errors.length} releases failed: ${errors.join('; ')}`);
    if (errors.length === 1) throw errors[0];
  };

  readonly [Symbol.asyncDispose] = this.dispose;
}

/**
 * The error that a function ended by, where a release failed after it too: `await using` throws a `SuppressedError` then,
 * whose message tells of neither.
 */
export const firstError = (error: unknown): unknown =>
  error instanceof Error && error.name === 'SuppressedError'
    ? firstError((error as Error & { readonly suppressed: unknown }).suppressed)
    : error;
