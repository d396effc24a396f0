#!/usr/bin/env node
/** The command `roundhouse-profile`: lists, copies, checks and repairs stored browser profiles. */
import { runCli } from './run-cli.ts';

process.exitCode = await runCli(process.argv.slice(2), process);
