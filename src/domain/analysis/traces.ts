const pythonTrace = /^\s*Traceback \(most recent call last\)/m;
const frameLine =
  /^\s*Traceback \(most recent|^\s+at\s|^\s+File "|^\s*\.\.\. \d+ more|^\s*[\^~]+\s*$|^\s+from \S+:\d+|^\t\S+:\d+/;

/**
 * A message without the frames of its trace: what was said and which exceptions were raised. JavaScript and Java tell the exception
 * before its frames; Python tells it after them, where a cut would lose it.
 * Our own rule after the traces that CPython, the JVM and V8 print. O(n) for n characters.
 */
export function withoutFrames(message: string): string {
  if (!message.includes('\n')) return message;
  const isPython = pythonTrace.test(message);
  const [first = '', ...rest] = message.split('\n');
  // Python writes the source line below each frame; both are indented, exceptions are not.
  const kept = rest.filter((line) => line.trim() !== '' && !frameLine.test(line) && !(isPython && /^\s/.test(line)));
  return [first, ...kept].join('\n');
}

/**
 * The parts of a text whose frames stand in one order, each with that order: Python's traces tell the innermost frame last.
 * O(n) for n characters.
 */
export function splitByFrameOrder(
  text: string,
): readonly { readonly text: string; readonly isInnermostLast: boolean }[] {
  return text
    .split(/(?=^[^\S\n]*Traceback \(most recent call last\))/m)
    .map((part) => ({ text: part, isInnermostLast: pythonTrace.test(part) }));
}
