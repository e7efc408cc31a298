// Runs a WebAssembly program that needs WASI: node wasi.mjs PROGRAM [ARGUMENT…]. The program may read its own folder.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { argv, env } from "node:process";
import { WASI } from "node:wasi";

const [, , name, ...args] = argv;
const program = resolve(name);
const folder = dirname(program);
const wasi = new WASI({ version: "preview1", args: [program, ...args], env, preopens: { [folder]: folder }, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(program));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
