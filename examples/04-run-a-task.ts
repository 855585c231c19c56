// The same tasks that the command line offers are functions: `npx dreamsteerer doctor` is this.
import { completeTask, describeParameters, expectation, tasks } from '../src/index.ts';

const { devices, versions } = await completeTask(
  'doctor',
  {},
  { onEvent: (event) => event.kind === 'stage' && console.log(`${event.stage} …`) },
);
console.log(`DreamSteerer ${versions.dreamsteerer} on Node ${versions.node}`);
for (const { device, works, reason } of devices) console.log(device, works ? 'works' : reason);

// Flags, form fields and checks derive from a task's schema.
for (const parameter of describeParameters(tasks.generate.parameters).slice(0, 8)) {
  console.log(`${parameter.name}: ${expectation(parameter)}`);
}

// With a model at hand, this makes a picture:
//   await completeTask('generate', { prompt: 'a cat', model: 'path/to/a/diffusers/folder', output: 'cat.png' });
