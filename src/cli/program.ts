import { Command } from 'commander';
import { PACKAGE_VERSION } from '../base/package-version';
import { addBatch } from './batch';
import { addBench } from './bench';
import { addCompletion } from './completion';
import { addModels } from './models';
import { addDoctor } from './doctor';
import { addPull } from './pull';
import { addRank } from './rank';
import { addServe } from './serve';
import { addVerify } from './verify';

/** The whole command line: each command adds itself. */
export function createProgram(): Command {
  const program = new Command('bge-reranker')
    .description('Cross-encoder rerankers (BAAI/bge-reranker-base and kin), run in this process')
    .version(PACKAGE_VERSION)
    .option('-v, --verbose', 'print what runs the model and why; on an error, its stack and causes')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help says more)')
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done, 1 bad news, 2 usage or input, 3 model, 4 machine, 5 other failure.');
  // Each command inherits what was set above, so they are added after it.
  for (const add of [addRank, addBatch, addPull, addModels, addDoctor, addVerify, addServe, addBench, addCompletion])
    add(program);
  return program;
}
