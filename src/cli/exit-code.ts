/** What the process ends with; programs rely on the numbers. */
export const exitCode = {
  done: 0,
  /** The run failed or was cancelled, or something broke. */
  failed: 1,
  /** Bad usage or a bad spec. */
  usage: 2,
  /** It waits for a person, and was told not to (`--no-wait`); its state is saved. */
  waiting: 3,
  /** Not found, or locked by another process. */
  notFound: 5,
  /** Interrupted; the run's state is saved. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]
