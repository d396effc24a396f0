/**
 * Run by npm as the project is installed: builds the panel. Where the development packages were left out there
 * is nothing to build it with, and the rest is none the worse: the service says at /panel what is missing.
 */
const vite = await import('vite').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  return null;
});
if (vite) await vite.build({ configFile: 'src/panel/vite.config.ts' });
else process.stdout.write('The panel is not built: that takes the development packages.\n');
