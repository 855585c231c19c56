// A graph prints itself: the gradient of softmax attention, with the model's path behind every line.
import { attention, gradient, print, scope, spec, sum, trace } from '../src/engine/index.ts';

const graph = trace(
  ({ query, key, value }) => {
    const output = scope('attention', () => attention(query, key, value));
    return gradient(sum(output), query);
  },
  { query: spec([2, 3]), key: spec([4, 3]), value: spec([4, 3]) },
);

console.log(print(graph));
