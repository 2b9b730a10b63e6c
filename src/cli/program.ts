import { Command, InvalidArgumentError, Option } from 'commander'
import { type ExitCode, exitCode } from './exit-code.ts'
import { defaultStore } from './hints.ts'
import type { Terminal } from './terminal.ts'
import { uiModes } from './ui.ts'

/**
 * Every command with its flags. Each is loaded only when it is called: asking for help must not load a compiler.
 * `ended` is told what the process should end with.
 */
export function createProgram(terminal: Terminal, version: string, ended: (code: ExitCode) => void): Command {
  const program = new Command('forkchart')
    .description('Compiles workflow specs into statecharts and runs them durably.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
    .showHelpAfterError(`(${terminal.program} --help lists the commands and their flags)`)
    .addHelpText('after', `
Exit codes: ${exitCode.done} done, ${exitCode.failed} the run failed, ${exitCode.usage} bad usage or spec, ${exitCode.waiting} waiting (--no-wait),
${exitCode.notFound} not found or locked, ${exitCode.interrupted} interrupted (state saved).

Examples:
  $ ${terminal.program} run specs/translation-vote.yaml --agents scripted --input text="Good morning"
  $ ${terminal.program} resume --last
  $ ${terminal.program} graph specs/repo-review.yaml`)

  const named = (name: string, description: string): Command =>
    program.command(name).description(description)

  program.commandsGroup('Run:')
  named('run', 'run a workflow')
    .usage('<spec> [options]')
    .argument('[spec]', 'the workflow: a YAML, JSON or TypeScript file')
    .option('-i, --input <value...>', 'a JSON, YAML or Markdown (objective) file, JSON, or key=value; several are laid over one another')
    .option('--run-id <id>', 'name the run (default: made from the time)')
    .addOption(storeOption())
    .addOption(uiOption())
    .addOption(new Option('--agents <kind>', 'who answers: `scripted` rehearses the workflow offline').choices(['scripted']))
    .option('--concurrency <n>', 'steps at once (default: the limit in the spec)', positiveWhole)
    .addOption(noWaitOption())
    .addOption(jsonOption('print the result as one JSON object'))
    .action(async (spec, options) => {
      const { runCommand } = await import('./commands/run.ts')
      const { fileAndInput } = await import('./file-after-input.ts')
      const { file, input } = fileAndInput(spec, options.input ?? [], terminal.cwd)
      ended(await runCommand(file, { ...options, input }, terminal))
    })
  named('resume', 'go on with a run where it stopped')
    .argument('[run]', 'id of the run, or a file: an exported run, an orchestration_state.json')
    .option('--last', 'the newest run that has not ended')
    .option('--force-unlock', 'take the run from the process that holds it')
    .option('--spec <file>', 'of a run with secrets in its spec, which are not stored: the spec, when it is not where it was')
    .addOption(storeOption())
    .addOption(uiOption())
    .addOption(noWaitOption())
    .addOption(jsonOption('print the result as one JSON object'))
    .action(async (run, options) => {
      const { resumeCommand } = await import('./commands/resume.ts')
      ended(await resumeCommand(run, options, terminal))
    })

  named('retry', 'run steps of a run again, and what came after them; all else keeps its results')
    .argument('<run>', 'id of the run')
    .option('--step <path...>', 'path of a step, or of a group for all in it')
    .option('--failed', 'every step that failed or was cancelled with the run (the default)')
    .option('--spec <file>', 'of a run with secrets in its spec, which are not stored: the spec, when it is not where it was')
    .addOption(storeOption())
    .addOption(uiOption())
    .addOption(noWaitOption())
    .addOption(jsonOption('print the result as one JSON object'))
    .action(async (run, options) => {
      const { retryCommand } = await import('./commands/retry.ts')
      ended(await retryCommand(run, options, terminal))
    })

  program.commandsGroup('Act on a run, also while another process works on it:')
  named('pause', 'start no further step, and stop working on the run once those under way have ended')
    .argument('<run>', 'id of the run')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, options) => {
      const { actCommand } = await import('./commands/act.ts')
      ended(await actCommand(run, { type: 'pause' }, options, terminal))
    })
  named('cancel', 'stop a run for good, or one of its steps')
    .argument('<run>', 'id of the run')
    .option('--step <path>', 'only this step, or those in this group; the others go on')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, options) => {
      const { cancelCommand } = await import('./commands/act.ts')
      ended(await cancelCommand(run, options, terminal))
    })
  named('answer', 'answer a question of a run')
    .argument('<run>', 'id of the run')
    .argument('<ask>', 'the question, as `show` names it')
    .argument('<value>', 'the answer: a text, or JSON')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, ask, value, options) => {
      const { answerCommand } = await import('./commands/act.ts')
      ended(await answerCommand(run, ask, value, options, terminal))
    })
  named('send', 'send a run an event that its steps wait for, or will')
    .argument('<run>', 'id of the run')
    .argument('<event>', 'name of the event')
    .argument('[json]', 'what comes with it (default: null)')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, event, payload, options) => {
      const { sendCommand } = await import('./commands/act.ts')
      ended(await sendCommand(run, event, payload, options, terminal))
    })

  program.commandsGroup('Look:')
  named('ls', 'list the runs, newest first')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { lsCommand } = await import('./commands/ls.ts')
      ended(await lsCommand(options, terminal))
    })
  named('show', 'how a run and its steps stand')
    .argument('<run>', 'id of the run, or a file: an exported run, an orchestration_state.json')
    .option('--trace', 'when each step and attempt ran, as a waterfall')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, options) => {
      const { showCommand } = await import('./commands/show.ts')
      ended(await showCommand(run, options, terminal))
    })
  named('events', 'what happened in a run')
    .argument('<run>', 'id of the run')
    .option('--after <n>', 'only events with a higher number', wholeNumber, 0)
    .option('-f, --follow', 'go on until the run has ended')
    .addOption(storeOption())
    .addOption(jsonOption('one JSON object per line'))
    .action(async (run, options) => {
      const { eventsCommand } = await import('./commands/events.ts')
      ended(await eventsCommand(run, options, terminal))
    })
  named('logs', 'what the steps of a run wrote')
    .argument('<run>', 'id of the run')
    .argument('[step]', 'path of a step or a group (default: all)')
    .option('-f, --follow', 'go on until the run has ended')
    .addOption(storeOption())
    .addOption(jsonOption('one JSON object per line'))
    .action(async (run, step, options) => {
      const { logsCommand } = await import('./commands/logs.ts')
      ended(await logsCommand(run, step, options, terminal))
    })

  program.commandsGroup('Build:')
  named('check', 'find what is wrong in a workflow')
    .argument('<spec>', 'the workflow')
    .addOption(jsonOption())
    .action(async (spec, options) => {
      const { checkCommand } = await import('./commands/check.ts')
      ended(await checkCommand(spec, options, terminal))
    })
  named('graph', 'draw a workflow, or a run with the state of each step')
    .argument('<spec or run>', 'the workflow, or the id of a run')
    .addOption(new Option('--format <format>', 'how to draw it').choices(['ascii', 'mermaid', 'json']).default('ascii'))
    .addOption(storeOption())
    .addOption(jsonOption('the same as --format json').implies({ format: 'json' }))
    .action(async (what, options) => {
      const { graphCommand } = await import('./commands/graph.ts')
      ended(await graphCommand(what, options, terminal))
    })
  named('compile', 'write a workflow as a typed XState machine in TypeScript')
    .argument('<spec>', 'the workflow')
    .option('-o, --output <file>', 'the file to write (default: stdout)')
    .addOption(jsonOption())
    .action(async (spec, options) => {
      const { compileCommand } = await import('./commands/compile.ts')
      ended(await compileCommand(spec, options, terminal))
    })

  program.commandsGroup('Carry:')
  named('import', 'take in a state file or an exported run, or write a spec of another form in our language')
    .usage('<file> [options]')
    .argument('[file]', 'orchestration_state.json, workflow_state.json, an exported run, or a spec')
    .option('--spec <file>', 'of a state: its stages.yaml (default: the one it names, one beside it, or the standard stages)')
    .option('-i, --input <value...>', 'of a state: over the objective that it names, as for `run`')
    .option('--run-id <id>', 'name the run (default: made from the time; of an exported run: its own)')
    .addOption(new Option('--agents <kind>', 'of a state: who answers from here on').choices(['scripted']))
    .option('-o, --output <file>', 'of a spec: the file to write (default: stdout)')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (file, options) => {
      const { importCommand } = await import('./commands/import.ts')
      const { fileAndInput } = await import('./file-after-input.ts')
      const { file: named, input } = fileAndInput(file, options.input ?? [], terminal.cwd)
      ended(await importCommand(named, { ...options, ...(options.input && { input }) }, terminal))
    })
  named('export', 'write a run as one file')
    .argument('<run>', 'id of the run')
    .addOption(new Option('--format <format>', 'what to write').choices(['run', 'orchestration-state']).default('run'))
    .option('-o, --output <file>', 'the file to write (default: stdout)')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, options) => {
      const { exportCommand } = await import('./commands/export.ts')
      ended(await exportCommand(run, options, terminal))
    })

  program.commandsGroup('Other:')
  named('doctor', 'what is installed, which agents can be reached, what is missing')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { doctorCommand } = await import('./commands/doctor.ts')
      ended(await doctorCommand(options, terminal))
    })
  return program
}

function storeOption(): Option {
  return new Option('--store <dir>', 'folder that holds the runs').default(defaultStore)
}

function uiOption(): Option {
  return new Option('--ui <mode>', 'what to show while it runs').choices(uiModes).default('auto')
}

function noWaitOption(): Option {
  return new Option('--no-wait', `do not wait for people: save the run and end with ${exitCode.waiting} once only answers can go on with it`)
}

function jsonOption(description = 'print JSON'): Option {
  return new Option('--json', description)
}

function positiveWhole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number from 1.')
  return Number(text)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number from 0.')
  return Number(text)
}
