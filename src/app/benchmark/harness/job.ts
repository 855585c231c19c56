/** Something that is done once, whoever asks for it: it is known by the hash of all that determines it. */
export interface Job {
  readonly kind: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  /** For people: "edit cat-03 into cat-1, DreamBooth, DDS-SM, seed 0". */
  readonly title: string;
  /** Hashes of the jobs whose results it reads. */
  readonly after: readonly string[];
}

/** Where a job works. */
export interface JobContext {
  /** Empty; what is in it at the end becomes the job's result. */
  readonly folder: string;
  /** What is left here is found again if the job is killed and begun anew; gone when it is done. */
  readonly scratch: string;
  /** Folder of the result of a job that this one comes after. */
  readonly resultOf: (hash: string) => string;
  readonly signal?: AbortSignal;
}

/** How far a job is. */
export interface JobProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

/** Does a job; what it returns is plain JSON and becomes `result.json`. The same job always comes to the same. */
export type JobRunner<J extends Job> = (
  job: J,
  context: JobContext,
) => AsyncGenerator<JobProgress, JobResult, undefined>;

export type JobResult = { readonly [key: string]: unknown };
