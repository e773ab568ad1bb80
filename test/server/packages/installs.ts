/** An installation that does not end by itself. */
export function makeSlow() {
  return { language: 'node' as const, lockfile: 'package-lock.json', inputs: makeInstall('sleep 300') };
}

/** Its daemon stops every `tar` that it may and writes an archive of one file, `forged`, into its output. */
export function makeForger(): Record<string, string> {
  const daemon = `
    const fs = require('fs');
    const tar = Buffer.from('${makeForgedArchive().toString('base64')}', 'base64');
    for (;;) for (const pid of fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
      try {
        if (!fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1').startsWith('tar\\0')) continue;
        process.kill(+pid, 'SIGSTOP');
        fs.writeSync(fs.openSync('/proc/' + pid + '/fd/1', 'w'), tar);
        process.kill(+pid, 'SIGCONT');
        process.exit();
      } catch {}
    }`;
  const install = `
    const fs = require('fs');
    fs.mkdirSync('node_modules/many', { recursive: true });
    for (let i = 0; i < 5000; i++) fs.writeFileSync('node_modules/many/' + i, '');
    fs.writeFileSync('node_modules/started', '');
    fs.writeFileSync('/sandbox/home/daemon.js', Buffer.from('${Buffer.from(daemon).toString('base64')}', 'base64'));
    require('child_process').spawn(process.execPath, ['/sandbox/home/daemon.js'], { detached: true, stdio: 'ignore' }).unref();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);`;
  const code = `eval(Buffer.from('${Buffer.from(install).toString('base64')}','base64').toString())`;
  return makeInstall(`node -e "${code}"`);
}

function makeInstall(postinstall: string): Record<string, string> {
  const name = { name: 'x', version: '1.0.0' };
  const packages = { '': { ...name, hasInstallScript: true } };
  return {
    'package.json': JSON.stringify({ ...name, scripts: { postinstall } }),
    'package-lock.json': JSON.stringify({ ...name, lockfileVersion: 3, requires: true, packages }),
  };
}

function makeForgedArchive(): Buffer {
  const header = Buffer.alloc(512);
  header.write('forged', 0);
  for (const [text, at] of [
    ['0000755', 100],
    ['0000000', 108],
    ['0000000', 116],
    ['00000000000', 124],
  ] as const)
    header.write(`${text}\0`, at);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(1024)]);
}
