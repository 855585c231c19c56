import type { BackgroundKind } from '../scene.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { beach } from './beach.ts';
import { city } from './city.ts';
import { desert } from './desert.ts';
import { forest } from './forest.ts';
import { garden } from './garden.ts';
import { kitchen } from './kitchen.ts';
import { livingRoom } from './living-room.ts';
import { meadow } from './meadow.ts';
import { moon } from './moon.ts';
import { sea } from './sea.ts';
import { snow } from './snow.ts';
import { wall } from './wall.ts';

export type { BackgroundDrawing } from './background-drawing.ts';

export const backgroundDrawings: { readonly [K in BackgroundKind]: BackgroundDrawing } = {
  meadow,
  beach,
  snow,
  city,
  wall,
  'living-room': livingRoom,
  kitchen,
  forest,
  desert,
  sea,
  moon,
  garden,
};
