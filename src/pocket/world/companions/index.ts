import type { CompanionKind } from '../scene.ts';
import { ball } from './ball.ts';
import { balloon } from './balloon.ts';
import { box } from './box.ts';
import { chair } from './chair.ts';
import type { CompanionDrawing } from './companion-drawing.ts';
import { fence } from './fence.ts';
import { flowers } from './flowers.ts';
import { lamp } from './lamp.ts';
import { mirror } from './mirror.ts';
import { plant } from './plant.ts';
import { reeds } from './reeds.ts';

export type { CompanionDrawing } from './companion-drawing.ts';

export const companionDrawings: { readonly [K in CompanionKind]: CompanionDrawing } = {
  mirror,
  ball,
  lamp,
  plant,
  box,
  chair,
  reeds,
  flowers,
  fence,
  balloon,
};
