/** A batch for every step, the next one begun while the device works on the last. */
export function prefetching<Batch>(
  prepare: (step: number) => Promise<Batch>,
): (step: number) => Promise<Batch> {
  let ahead: { readonly step: number; readonly batch: Promise<Batch> } | undefined;
  return async (step) => {
    const batch = ahead?.step === step ? ahead.batch : prepare(step);
    const result = await batch;
    const next = prepare(step + 1);
    next.catch(() => undefined); // it is reported when it is asked for
    ahead = { step: step + 1, batch: next };
    return result;
  };
}
