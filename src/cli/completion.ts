import { Argument, type Command, type Option } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

interface Words {
  name: string;
  description: string;
  options: readonly Option[];
}

function wordsOf(program: Command): Words[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [...command.options, ...program.options],
  }));
}

const flags = (options: readonly Option[]) => options.map(({ long }) => long).filter((flag) => flag !== undefined);
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Options that take one of some words, the same in every command, by each of their flags. */
function choicesByFlag(commands: Words[]): [flag: string, values: readonly string[]][] {
  const found = new Map<string, readonly string[]>();
  for (const { short, long, argChoices } of commands.flatMap(({ options }) => options)) {
    for (const flag of [short, long]) if (flag && argChoices) found.set(flag, argChoices);
  }
  return [...found];
}

function bash(name: string, commands: Words[]): string {
  const cases = commands.map((command) => `    ${command.name}) words='${flags(command.options).join(' ')}' ;;`);
  const choices = choicesByFlag(commands).map(
    ([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$current")); return ;;`,
  );
  return `_${name.replaceAll('-', '_')}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map((command) => command.name).join(' ')}' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _${name.replaceAll('-', '_')} ${name}
`;
}

/** zsh reads bash completions. */
function zsh(name: string, commands: Words[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bash(name, commands)}`;
}

function fish(name: string, commands: Words[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
    ...command.options.map(({ long, description, argChoices }) => {
      const words = argChoices ? ` -x -a ${quoted(argChoices.join(' '))}` : '';
      const condition = quoted(`__fish_seen_subcommand_from ${command.name}`);
      return `complete -c ${name} -n ${condition} -l ${(long ?? '').replace(/^--/, '')} -d ${quoted(description)}${words}`;
    }),
  ]);
  return `${lines.join('\n')}\n`;
}

const SCRIPTS: Record<Shell, (name: string, commands: Words[]) => string> = { bash, zsh, fish };

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .description('Print a completion script for bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  $ bge-reranker completion bash >> ~/.bashrc')
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell](program.name(), wordsOf(program))));
}
