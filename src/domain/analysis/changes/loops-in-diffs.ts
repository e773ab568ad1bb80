import { codeOnly, type Hunk } from './diffs.ts';

const loopHead = /\b(for|while|foreach)\b|\.(map|forEach|each|flatMap)\(/;
/** Calls that leave the process by the usual names: databases, HTTP, RPC. */
const remoteCall =
  /\bawait\b|\bquery\w*\(|\bselect\b.*\bfrom\b|\bfetch\w*\(|\bhttp\w*\.\w+\(|\brpc\b|(client|stub|repo|repository|store|dao|db|session|objects)\.\w+\(|\brequests?\.(get|post)\(|\baxios\b|\bexecute\w*\(|\.Get[A-Z]\w*\(\s*ctx/i;

/** True where a call that leaves the process was put inside a loop, by its indentation. */
export function findCallInLoop(hunks: readonly Hunk[]): boolean {
  return hunks.some((hunk) => {
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
