import type { LogLine } from '../../evidence/evidence.ts';

const continuation = /^(\s+at\s|\s+File "|Traceback \(most recent|Caused by:|\s*\.\.\. \d+ more|\s{2,}\S)/;
const mostParts = 40;

/** Makes records of lines: stack lines that stand on lines of their own go to the line before them, so that frames stay with their error. */
export interface RecordJoiner {
  /** The record that this line completes: the one before it, unless the line is a part of that one. */
  add(line: LogLine): LogLine | undefined;
  /** The record that is still open at the end. */
  finish(): LogLine | undefined;
}

/**
 * On-line; holds one record at a time, and of a long trace its first forty lines.
 * Our own rule after the traces of the JVM, CPython and V8. O(1) a line.
 */
export function createRecordJoiner(): RecordJoiner {
  let open: LogLine | undefined;
  let parts: string[] = [];

  function close(): LogLine | undefined {
    if (!open || parts.length === 0) return open;
    const stack = [open.fields['stack'] ?? '', ...parts].join('\n');
    parts = [];
    return { ...open, fields: { ...open.fields, stack } };
  }

  return {
    add(line) {
      if (open && isContinuation(line.message)) {
        if (parts.length < mostParts) parts.push(line.message);
        return undefined;
      }
      const closed = close();
      open = line;
      return closed;
    },
    finish() {
      const closed = close();
      open = undefined;
      return closed;
    },
  };
}

function isContinuation(message: string): boolean {
  const first = message.charCodeAt(0);
  // Space, tab, T, C and `.` are all that a continuation may begin with: the expression is spared for nearly every line.
  return (
    (first === 32 || first === 9 || first === 84 || first === 67 || first === 46 || first === 10) &&
    continuation.test(message)
  );
}
