import { parentPort, workerData } from 'node:worker_threads';
import { SessionHost } from './session-host.ts';
import type { RequestMessage, ResponseMessage } from './worker-messages.ts';

/** Entry point of the worker thread: answers requests one after the other. */
const host = new SessionHost((workerData as { readonly maximumSessions: number }).maximumSessions);
let turn: Promise<void> = Promise.resolve();

parentPort!.on('message', ({ id, request }: RequestMessage) => {
  turn = turn.then(async () => {
    try {
      const values = await host.answer(request);
      const message: ResponseMessage = { id, values };
      parentPort!.postMessage(
        message,
        values.map(({ data }) => data.buffer as ArrayBuffer),
      );
    } catch (error) {
      const message: ResponseMessage = { id, error: error instanceof Error ? error.message : String(error) };
      parentPort!.postMessage(message);
    }
  });
});
