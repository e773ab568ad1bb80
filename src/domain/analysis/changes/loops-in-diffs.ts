import { codeOnly, type Hunk } from './diffs.ts';

const loopHead = /\b(for|while|foreach)\b|\.(map|forEach|each|flatMap)\(/;
/** Calls that leave the process by the usual names: databases, HTTP, RPC. */
const remoteCall =
  /\bawait\b|\bquery\w*\(|\bselect\b.*\bfrom\b|\bfetch\w*\(|\bhttp\w*\.\w+\(|\brpc\b|(client|stub|repo|repository|store|dao|db|session|objects)\.\w+\(|\brequests?\.(get|post)\(|\baxios\b|\bexecute\w*\(|\.Get[A-Z]\w*\(\s*ctx/i;

/** Loops within one line: a lambda handed to a stream or list, a comprehension, calls gathered for a list of things. */
const inlineLoops: readonly RegExp[] = [
  /\.(?:map|forEach|flatMap|each)\([\w\s,()]{0,80}(?:=>|->)(.*)/,
  /\[([^[\]]{0,200})\sfor\s+\w+\s+in\s/,
];
/** Waiting for many calls at once: whatever is called, it leaves the process. */
const gathered = /\b(?:Promise\.(?:all|allSettled)|asyncio\.gather|gather)\(.*(?:\.map\(|\sfor\s)/;

/**
 * True where a call that leaves the process was put inside a loop, by its indentation or within one line.
 * Source: Smith and Williams, "Software performance antipatterns", WOSP 2000 (circuitous treasure hunt); how a loop is told from text
 * is our own rule. O(n) for n lines of bounded length.
 */
export function findCallInLoop(hunks: readonly Hunk[]): boolean {
  return hunks.some((hunk) => {
    if (codeOnly(hunk.added).some(isInlineLoop)) return true;
    const fresh = new Set(codeOnly(hunk.added));
    let head: number | undefined;
    for (const line of hunk.lines) {
      const text = line.slice(1);
      if (line.startsWith('-') || text.trim() === '') continue;
      const indent = text.search(/\S/);
      if (head !== undefined && indent <= head) head = undefined;
      const isCall = line.startsWith('+') && fresh.has(text) && remoteCall.test(text);
      if (isCall && head !== undefined) return true;
      if (head === undefined && loopHead.test(text)) head = indent;
    }
    return false;
  });
}

function isInlineLoop(line: string): boolean {
  return gathered.test(line) || inlineLoops.some((loop) => remoteCall.test(loop.exec(line)?.[1] ?? ''));
}
