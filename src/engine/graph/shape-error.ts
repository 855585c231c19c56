/** Operands do not fit an operation; the message says where, what was expected and what was found. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}
