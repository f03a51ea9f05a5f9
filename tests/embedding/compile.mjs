// Compiles a single-file component of Vue as a bundler's plugin would: its text on standard input, a module out.
import { readFileSync } from 'node:fs';
import { compileScript, parse } from 'vue/compiler-sfc';

const { descriptor, errors } = parse(readFileSync(0, 'utf8'), { filename: 'ConnectButton.vue' });
if (errors.length > 0) throw errors[0];
process.stdout.write(compileScript(descriptor, { id: 'snippet', inlineTemplate: true }).content);
