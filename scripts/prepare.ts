/**
 * Builds the panel. npm runs this script after installing the project. Without the development dependencies the
 * panel cannot be built; the service then works without it and explains at /panel what is missing.
 */
const vite = await import('vite').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  return null;
});
if (vite) await vite.build({ configFile: 'src/panel/vite.config.ts' });
else process.stdout.write('The panel is not built: install the development dependencies to build it.\n');
