import { RoundhouseError } from '../../errors.ts';

/**
 * Variables by which programs, their interpreters and the dynamic linker find or load code, and those that
 * programs use to find their own files. In a container they concern the container only. A local process runs
 * with the rights of the service, so whoever sets them could run any code on its host.
 */
const RESERVED = [
  // The dynamic linker and the C library.
  'LD_.*|DYLD_.*|GCONV_PATH|GLIBC_.*|MALLOC_.*|LOCPATH|NLSPATH|RES_OPTIONS|HOSTALIASES|LOCALDOMAIN',
  // Interpreters and build tools.
  'NODE_.*|NODE|NPM_.*|PYTHON.*|PERL.*|RUBY.*|GEM_.*|BUNDLE_.*|LUA_.*|PHP.*|DOTNET_.*|CORECLR_.*|COR_.*|COMPLUS_.*',
  'JAVA_.*|_JAVA_.*|JDK_.*|CLASSPATH|ERL_.*|GODEBUG|GOFLAGS|CARGO_.*|RUST.*|TCL.*|GUILE_.*|R_.*|DENO_.*|BUN_.*',
  // Shells and what they start.
  'PATH|HOME|SHELL|BASH.*|ENV|SHELLOPTS|IFS|CDPATH|PS[0-4]|PROMPT_COMMAND|ZDOTDIR|FPATH|EDITOR|VISUAL|PAGER|.*_PAGER',
  'GIT_.*|SSH_.*|SUDO_.*|TMPDIR|TMP|TEMP|TERMINFO.*|XDG_.*|DBUS_.*|SYSTEMD_.*|NOTIFY_SOCKET|LISTEN_.*',
  // Plug-ins and settings of common libraries.
  'OPENSSL_.*|SSL_.*|SSLKEYLOGFILE|CURL_.*|.*_PROXY|GTK_.*|GIO_.*|GDK_.*|QT_.*|GST_.*|VDPAU_.*|LIBVA_.*|.*PRELOAD.*',
];
const RESERVED_NAME = new RegExp(`^(?:${RESERVED.join('|')})$`, 'i');

/** @throws RoundhouseError `reserved_variable` if the caller of a provisioning must not set one of the variables */
export function assertCallerEnv(env: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(env).find((name) => RESERVED_NAME.test(name));
  if (reserved === undefined) return;
  const message = `The variable ${reserved} cannot be set for local processes: it can change what code they run`;
  throw new RoundhouseError('reserved_variable', message);
}
