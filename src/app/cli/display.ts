import type { WriteStream } from 'node:tty';
import cliProgress from 'cli-progress';
import { readableBytes } from '../readable-bytes.ts';
import { readableDuration } from '../readable-duration.ts';
import type { ProgressUnit, TaskEvent, TaskEventKind } from '../tasks/task-event.ts';
import { timeLeft } from './time-left.ts';

/** Shows the events of a running task. */
export interface Display {
  show(event: TaskEvent): void;
  /** Takes the bar away; to be called before anything else is printed. */
  finish(): void;
}

/** Each event as a line of JSON on stdout, and nothing else. */
export const jsonDisplay = (output: NodeJS.WritableStream): Display => ({
  show: (event) => output.write(`${JSON.stringify(event)}\n`),
  finish: () => undefined,
});

/** What nobody is watching shows warnings only. */
export const quietDisplay = (output: NodeJS.WritableStream): Display => ({
  show: (event) => {
    if (event.kind === 'warning') output.write(`warning: ${printable(event.message)}\n`);
  },
  finish: () => undefined,
});

/** Stages, notes and a bar with the time left, for someone who is watching. */
export function terminalDisplay(output: WriteStream, now: () => number): Display {
  let bar: Bar | undefined;
  let lastStage: string | undefined;
  let lastPreview: string | undefined;
  const finish = () => {
    bar?.stop();
    bar = undefined;
  };
  const line = (text: string) => {
    finish();
    output.write(`${printable(text)}\n`);
  };
  const shows: { readonly [K in TaskEventKind]: (event: Extract<TaskEvent, { kind: K }>) => void } = {
    stage: ({ stage }) => {
      if (stage !== lastStage) line(`${stage} …`);
      lastStage = stage;
    },
    note: ({ message }) => line(message),
    warning: ({ message }) => line(`warning: ${message}`),
    file: () => finish(), // the result tells of it
    preview: ({ path }) => {
      if (path !== lastPreview) line(`how far it is: ${path}`);
      lastPreview = path;
    },
    progress: (event) => {
      if (bar?.stage !== event.stage || bar.total !== event.total) {
        finish();
        bar = startBar(event, output, now);
      }
      bar.update(event.done);
      if (event.done >= event.total) finish();
    },
  };
  return {
    show: (event) => (shows[event.kind] as (event: TaskEvent) => void)(event),
    finish,
  };
}

interface Bar {
  readonly stage: string;
  readonly total: number;
  update(done: number): void;
  stop(): void;
}

type Progress = Extract<TaskEvent, { kind: 'progress' }>;

function startBar({ stage, total, unit }: Progress, stream: WriteStream, now: () => number): Bar {
  const left = timeLeft(total);
  const started = now();
  const bar = new cliProgress.SingleBar({
    stream,
    format: `${printable(stage).replaceAll(/[{}]/g, '')}  {bar}  {amount}  {time}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    gracefulExit: false, // signals are the business of whoever runs the task
    stopOnComplete: false,
  });
  const payload = (done: number, time: string) => ({ amount: amounts[unit](done, total), time });
  bar.start(total, 0, payload(0, ''));
  return {
    stage,
    total,
    update: (done) => {
      const remaining = left({ time: now(), done });
      const time =
        done >= total
          ? `in ${readableDuration(now() - started)}`
          : remaining === undefined
            ? ''
            : `${readableDuration(remaining)} left`;
      bar.update(done, payload(done, time));
    },
    stop: () => bar.stop(),
  };
}

const amounts: { readonly [U in ProgressUnit]: (done: number, total: number) => string } = {
  steps: (done, total) => `step ${done} of ${total}`,
  pictures: (done, total) => `picture ${done} of ${total}`,
  bytes: (done, total) => `${readableBytes(done)} of ${readableBytes(total)}`,
};

/** Names and texts out of files may hold sequences that a terminal obeys. Line feeds and tabs are harmless. */
export const printable = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, '�');
