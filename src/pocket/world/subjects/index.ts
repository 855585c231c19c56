import type { SubjectClass } from '../scene.ts';
import { backpack } from './backpack.ts';
import { bird } from './bird.ts';
import { car } from './car.ts';
import { cat } from './cat.ts';
import { dog } from './dog.ts';
import { elephant } from './elephant.ts';
import { fish } from './fish.ts';
import { mug } from './mug.ts';
import { rabbit } from './rabbit.ts';
import { robot } from './robot.ts';
import type { SubjectDrawing } from './subject-drawing.ts';
import { teapot } from './teapot.ts';
import { tortoise } from './tortoise.ts';

export type { SubjectDrawing } from './subject-drawing.ts';

export const subjectDrawings: { readonly [C in SubjectClass]: SubjectDrawing } = {
  cat,
  dog,
  rabbit,
  tortoise,
  bird,
  fish,
  elephant,
  teapot,
  car,
  robot,
  backpack,
  mug,
};
