import type { Appearance, Concept, Scene } from './scene.ts';
import { subjectDrawings } from './subjects/index.ts';

/**
 * The right answer to an edit: the same scene, pose, shadow and light, the subject with another appearance. A
 * concept may be of another class if that can take the same posture (a sitting dog for a sitting cat); its shadow
 * then is its own.
 * @throws if the concept's class cannot take the scene's posture.
 */
export function withAppearance(scene: Scene, look: Appearance | Concept): Scene {
  if (!('appearance' in look)) return { ...scene, subject: { ...scene.subject, appearance: look } };
  const { pose } = scene.subject;
  if (subjectDrawings[look.class].postures[pose.posture] === undefined) {
    throw new Error(
      `withAppearance: the ${scene.subject.class} of the scene is ${pose.posture}, which a ${look.class} ` +
        `("${look.name}") cannot be; choose a scene of the concept's own class`,
    );
  }
  return { ...scene, subject: { class: look.class, pose, appearance: look.appearance } };
}
