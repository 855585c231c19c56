// The main job as functions: `npx dreamsteerer demo` is this, and does more steps.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTask, TaskError } from '../src/index.ts';

const output = await mkdtemp(join(tmpdir(), 'dreamsteerer-'));
try {
  // Draws a subject and a photo, learns the subject, steers it to the photo and edits.
  const events = runTask('demo', { output, fast: true, steps: 4 });
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    const event = next.value; // a stage, progress in steps, a picture on the way, a file that is there
    if (event.kind === 'stage') console.log(`${event.stage} …`);
  }
  const { distance, sheet } = next.value;
  console.log('from', distance.before, 'to', distance.after, 'of the right answer; look at', sheet);
} catch (error) {
  if (!(error instanceof TaskError)) throw error;
  console.log(error.message); // the built-in model is not there
}

// With a model, pictures of your own and a photo, without looking at events:
//   const { completeTask } = await import('../src/index.ts'); // in another project 'dreamsteerer'
//   const learned = await completeTask('personalize', {
//     model, pictures: ['1.jpg', '2.jpg', '3.jpg'], class: 'cat', token: '<biscuit>', output: 'concepts/biscuit' });
//   await completeTask('edit', {
//     model, picture: 'photo.jpg', concept: learned.output, output: 'out',
//     sourcePrompt: 'a photo of a cat on the grass', prompt: `a photo of a ${learned.phrase} on the grass` });
