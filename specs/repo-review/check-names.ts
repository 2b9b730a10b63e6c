const titles: Readonly<Record<string, string>> = {
  typecheck: 'Types and syntax',
  lint: 'Lint',
  tests: 'Tests',
  secrets: 'Secrets',
  dependencies: 'Dependencies and licences',
  size: 'Size and duplication',
  history: 'History and hot spots',
  hygiene: 'Documentation and hygiene',
  overview: 'Overview',
}

/** How people call a check. */
export function title(id: string): string {
  return titles[id] ?? id
}

/** What to do about a check that came out badly. */
export const advice: Readonly<Record<string, string>> = {
  secrets:
    'Revoke each credential where it was issued; only then take it out of the files, and of the history if it was pushed.',
  typecheck: 'Make the compiler and the parsers pass, and let continuous integration keep it so.',
  tests: 'Start with tests for the files that change most: that is where defects come in.',
  lint: 'Fix the errors; for rules that nobody wants, change the rule rather than live with the noise.',
  dependencies:
    'Commit an up-to-date lockfile, replace what is deprecated, and have the licences in question looked at.',
  size: 'Split the longest files along the reasons for which they change, and give copied blocks one home.',
  history: 'Look at the hot spots together: a file that everyone must change is usually several files.',
  hygiene: 'Add what is missing from the list; each is an hour of work and saves every newcomer one.',
}
