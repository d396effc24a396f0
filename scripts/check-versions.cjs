/**
 * Stops an installation or a start on an npm or a Node that is too old, with one line that says what to do. It is
 * CommonJS without types, since an old Node cannot run TypeScript: its own message is forty lines of stack.
 */
const { engines } = require('../package.json');

/** Whether a version is lower than a range of the form `>=1.2`. */
function isLower(version, range) {
  const [have, need] = [version, range.replace('>=', '')].map((text) => text.split('.').map(Number));
  const differing = need.findIndex((part, index) => have[index] !== part);
  return differing !== -1 && have[differing] < need[differing];
}

/**
 * @param {string} nodeVersion such as `24.21.0`
 * @param {string | undefined} userAgent `npm_config_user_agent`, as npm sets it for scripts
 * @returns {string | undefined} what is too old and what to do about it
 */
function findFault(nodeVersion, userAgent) {
  const npmVersion = /\bnpm\/([\d.]+)/.exec(userAgent ?? '')?.[1];
  if (npmVersion && isLower(npmVersion, engines.npm)) {
    return `Roundhouse needs npm ${engines.npm}, and this is npm ${npmVersion}: run "npm install --global npm@11", then "npm ci" again.`;
  }
  if (isLower(nodeVersion, engines.node)) {
    return `Roundhouse needs Node ${engines.node}, and this is Node ${nodeVersion}: run "npm ci" without --omit=optional, which brings Node 24 on Linux, or install Node 24.`;
  }
  return undefined;
}

module.exports = { findFault };

if (require.main === module) {
  const fault = findFault(process.versions.node, process.env.npm_config_user_agent);
  if (fault) {
    process.stderr.write(`${fault}\n`);
    process.exitCode = 1;
  }
}
