import type { Config } from '../config/index.js';
import { solverCommand, solverProblem } from '../solving/index.js';
import { about, type Finding } from './finding.js';

const { ok, fail } = about('solver');

/** Programs that the archive starts by itself. */
export async function checkPrograms(config: Config): Promise<Finding[]> {
  const program = solverCommand(config)?.program;
  if (program === undefined) return [ok('SOLVER=none: nothing is plate-solved.')];
  const problem = await solverProblem(config);
  if (problem === undefined) return [ok(`SOLVER=${config.SOLVER}: '${program}' can be run.`)];
  return [fail(problem, 'Install it with its star catalogue, or set SOLVER_COMMAND.')];
}
