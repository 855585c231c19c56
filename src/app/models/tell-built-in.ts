import type { TaskEvent } from '../tasks/task-event.ts';

/** The built-in model stands in where none is named, and would make of a photo what it knows: drawings. */
export function* tellBuiltIn({ model }: { readonly model?: string | undefined }): Generator<TaskEvent> {
  if (model !== undefined) return;
  const message =
    'no model is named (--model), and the built-in one knows its own small world of drawings alone; photos need a model of Stable Diffusion';
  yield { kind: 'warning', message };
}
