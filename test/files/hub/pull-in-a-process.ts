import { pull } from '../../../src/files/hub/index.ts';

/** Pulls in a process of its own and prints the kinds of events: for the test of two at once. */
const [id, cacheFolder, endpoint] = process.argv.slice(2) as [string, string, string];
const kinds: string[] = [];
for await (const event of pull(id, { cacheFolder, endpoint, connection: 'online' })) {
  kinds.push('path' in event ? `${event.kind} ${event.path}` : event.kind);
}
process.stdout.write(JSON.stringify(kinds));
