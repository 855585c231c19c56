/** What a pull reports while it runs; sizes in bytes. */
export type PullEvent =
  /** Once, when it is known what there is to do. `missing` is what has to come over the network. */
  | {
      readonly kind: 'planned';
      readonly commit: string;
      readonly files: number;
      readonly size: number;
      readonly missing: number;
    }
  /** `done` is above zero where an earlier download is continued. */
  | { readonly kind: 'file-started'; readonly path: string; readonly done: number; readonly size: number }
  /** At least a mebibyte apart, and at the end of each file. */
  | { readonly kind: 'progress'; readonly path: string; readonly done: number; readonly size: number }
  /** The connection was lost; it is tried again. */
  | { readonly kind: 'interrupted'; readonly path: string; readonly attempt: number; readonly reason: string }
  /** What an earlier download had left did not fit; it is fetched anew. */
  | { readonly kind: 'restarted'; readonly path: string; readonly reason: string }
  /** Another process is at it. */
  | { readonly kind: 'waiting'; readonly path: string }
  | { readonly kind: 'file-finished'; readonly path: string; readonly from: 'cache' | 'hub' };
