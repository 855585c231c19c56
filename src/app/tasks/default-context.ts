import { homedir } from 'node:os';
import { hubOptionsFromEnvironment } from '../../files/hub/index.ts';
import { packagePath } from '../package-facts.ts';
import type { TaskContext } from './task.ts';

/** The context of this process: the hub as HF_* say, the model that the package brings. */
export const defaultContext = (): TaskContext => ({
  hub: hubOptionsFromEnvironment(process.env, homedir()),
  builtInModel: packagePath('models/pocket'),
});
