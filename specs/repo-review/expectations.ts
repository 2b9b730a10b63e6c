import { isCode } from './classify.ts'
import { anyOf } from './name-pattern.ts'
import type { Severity } from './step.ts'
import type { Tree } from './tree.ts'

export interface Expectation {
  readonly what: string
  readonly found: RegExp
  /** Points of the score. */
  readonly points: number
  readonly severity: Severity
  readonly message: string
  /** Where it makes sense at all. */
  readonly onlyWith?: (tree: Tree) => boolean
}

export const inGit = (tree: Tree): boolean => 'top' in tree.git
const hasCode = (tree: Tree): boolean => tree.files.some((file) => isCode(file.path) && !file.generated)

/** The points are the score: what is there counts, what makes no sense here is left out of the sum. */
export const expectations: readonly Expectation[] = [
  {
    what: 'readme',
    found: /^(docs\/|\.github\/)?readme(\.\w+)?$/i,
    points: 30,
    severity: 'medium',
    message: 'no README: a newcomer does not learn what this is or how to start it',
  },
  {
    what: 'licence',
    found: /^(licen[cs]e|copying|unlicense)([.-].*)?$|^LICENSES\//i,
    points: 25,
    severity: 'medium',
    message: 'no licence file: nobody else may use this',
  },
  {
    what: 'continuous integration',
    found: anyOf('^', [
      '\\.github/workflows/.+\\.ya?ml', '\\.gitlab-ci\\.yml', '\\.circleci/.+', 'azure-pipelines\\.ya?ml',
      'Jenkinsfile', '\\.travis\\.yml', 'bitbucket-pipelines\\.yml', '\\.drone\\.yml', '\\.buildkite/.+',
      '\\.woodpecker.*', 'appveyor\\.yml', '\\.ci/.+', '\\.cirrus\\.yml', '\\.forgejo/workflows/.+',
      '\\.gitea/workflows/.+', '\\.builds/.+', '\\.build\\.yml', 'cloudbuild\\.ya?ml', '\\.tekton/.+',
    ], '$'),
    points: 20,
    severity: 'low',
    message: 'no continuous integration: nothing checks a change before it lands',
    onlyWith: (tree) => inGit(tree) && hasCode(tree),
  },
  {
    what: 'gitignore',
    found: /^\.gitignore$/,
    points: 10,
    severity: 'low',
    message: 'no .gitignore',
    onlyWith: (tree) => inGit(tree) && hasCode(tree),
  },
  {
    what: 'changelog',
    found: /^(docs\/)?(changelog|changes|history|news|releases?)(\.\w+)?$|^\.changeset\//i,
    points: 5,
    severity: 'info',
    message: 'no changelog',
  },
  {
    what: 'contributing guide',
    found: /^(docs\/|\.github\/)?(contributing|agents|hacking|development)(\.\w+)?$/i,
    points: 5,
    severity: 'info',
    message: 'no guide for contributors',
    onlyWith: inGit,
  },
  {
    what: 'format settings',
    found: anyOf('^', [
      '\\.editorconfig', '\\.prettierrc.*', 'prettier\\.config\\..+', 'biome\\.jsonc?', 'dprint\\.json',
      'rustfmt\\.toml', '\\.rustfmt\\.toml', '\\.clang-format', 'ruff\\.toml', '\\.oxfmtrc.*',
      '\\.rubocop\\.yml', '\\.scalafmt\\.conf',
    ], '$'),
    points: 5,
    severity: 'info',
    message: 'no settings that keep editors in one format (.editorconfig)',
    onlyWith: (tree) => inGit(tree) && hasCode(tree),
  },
]
