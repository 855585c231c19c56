/** 0, …, count − 1 in parts of at most `size`. */
export const batchesOf = (count: number, size: number): number[][] =>
  Array.from({ length: Math.ceil(count / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, count - batch * size) }, (_, item) => batch * size + item),
  );
