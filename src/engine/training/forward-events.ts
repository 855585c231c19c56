/**
 * Yields what another generator yields, as `change` makes it, and returns what it returns. Unlike a loop over `next`, it
 * ends the other one when it is ended itself, so that whatever that one holds is released.
 */
export async function* forwardEvents<From, To, Result>(
  events: AsyncGenerator<From, Result, undefined>,
  change: (event: From) => To,
): AsyncGenerator<To, Result, undefined> {
  let result: IteratorResult<From, Result> | undefined;
  try {
    for (result = await events.next(); !result.done; result = await events.next()) yield change(result.value);
    return result.value;
  } finally {
    if (result?.done !== true) await events.return(undefined as Result);
  }
}
