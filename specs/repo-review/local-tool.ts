import { access, constants } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Tree } from './tree.ts'

const installFolders = ['node_modules', '.venv', 'venv'] as const
const binOf = { node_modules: '.bin', '.venv': 'bin', venv: 'bin' } as const

/**
 * Absolute path of a program that is installed in the repository, looked for up to the top of its git tree. An install
 * folder that git tracks is passed over: what came with a clone was installed by nobody here, and is not run.
 */
export async function findLocalTool(tree: Tree, name: string): Promise<string | undefined> {
  const top = 'top' in tree.git ? tree.git.top : tree.root
  const installed = installFolders.filter(
    (place) => !tree.files.some((file) => file.tracked && file.path.startsWith(`${place}/`)),
  )
  for (let folder = tree.root; ; folder = dirname(folder)) {
    for (const place of installed) {
      const path = join(folder, place, binOf[place], name)
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path
    }
    if (folder === top || folder === dirname(folder) || !folder.startsWith(top)) return undefined
  }
}
