/** A PromQL expression whose top level is `left operator number`. */
export interface Comparison {
  readonly left: string;
  readonly operator: ComparisonOperator;
  readonly threshold: number;
}

export type ComparisonOperator = '>' | '>=' | '<' | '<=' | '==' | '!=';

const flipped: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '>': '<',
  '>=': '<=',
  '<': '>',
  '<=': '>=',
  '==': '==',
  '!=': '!=',
};

/**
 * Splits an alert's expression into what it measures and its limit. A healthy comparison answers nothing in PromQL, so the
 * left side is what tells a healthy service from a vanished metric. Of `a > 1 and b > 2` the first comparison is taken.
 * @returns undefined where the top level is no comparison with a number.
 */
export function splitComparison(expression: string): Comparison | undefined {
  const found = findLeftSide(expression);
  if (!found) return undefined;
  const { left, operator, right } = found;
  const threshold = readNumber(right);
  if (threshold !== undefined) return { left, operator, threshold };
  const first = readNumber(left);
  return first === undefined ? undefined : { left: right, operator: flipped[operator], threshold: first };
}

/** What an expression measures: the left side of its first comparison, whatever stands on the right; undefined without one. */
export function measuredSide(expression: string): string | undefined {
  return splitComparison(expression)?.left ?? findLeftSide(expression)?.left;
}

/** True where the condition of a comparison holds. */
export function holds(value: number, operator: ComparisonOperator, threshold: number): boolean {
  switch (operator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    case '==':
      return value === threshold;
    case '!=':
      return value !== threshold;
  }
}

interface Split {
  readonly left: string;
  readonly operator: ComparisonOperator;
  readonly right: string;
}

function findLeftSide(expression: string): Split | undefined {
  const text = stripParentheses(stripComments(expression).trim());
  const marks = listTopLevel(text);
  const set = marks.find((mark) => mark.kind === 'set');
  if (set) return findLeftSide(text.slice(0, set.at));
  const last = marks.findLast((mark) => mark.kind === 'comparison');
  if (!last) return undefined;
  const right = text
    .slice(last.at + last.text.length)
    .replace(/^\s*bool\b/, '')
    .trim();
  const left = stripParentheses(text.slice(0, last.at).trim());
  return left === '' || right === '' ? undefined : { left, operator: last.text as ComparisonOperator, right };
}

function readNumber(text: string): number | undefined {
  const bare = stripParentheses(text);
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(bare) ? Number(bare) : undefined;
}

interface Mark {
  readonly kind: 'comparison' | 'set';
  readonly at: number;
  readonly text: string;
}

/** Operators outside brackets and strings; comparisons bind tighter than `and`, `or`, `unless`, looser than arithmetic. */
function listTopLevel(text: string): readonly Mark[] {
  const marks: Mark[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (`"'\``.includes(character)) at = endOfString(text, at);
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (depth === 0) {
      const operator = /^(?:==|!=|>=|<=|>|<)/.exec(text.slice(at, at + 2))?.[0];
      const word = /^\w/.test(character) && !/[\w:]/.test(text.charAt(at - 1)) ? readWord(text, at) : undefined;
      if (operator) marks.push({ kind: 'comparison', at, text: operator });
      else if (word && /^(?:and|or|unless)$/i.test(word)) marks.push({ kind: 'set', at, text: word });
      at += (operator ?? word ?? ' ').length - 1;
    }
  }
  return marks;
}

function readWord(text: string, at: number): string {
  return /^[\w:]+/.exec(text.slice(at))?.[0] ?? '';
}

/** Index of the closing quote; back-quoted strings know no escapes. */
function endOfString(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\' && quote !== '`') at += 1;
    else if (text[at] === quote) return at;
  }
  return text.length;
}

function stripComments(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '#') {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
      result += ' ';
    } else if (`"'\``.includes(character)) {
      const end = endOfString(text, at);
      result += text.slice(at, end + 1);
      at = end;
    } else result += character;
  }
  return result;
}

/** `(a > 1)` is `a > 1`; `(a) > (b)` stays. */
function stripParentheses(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('(') || closingOf(trimmed) !== trimmed.length - 1) return trimmed;
  return stripParentheses(trimmed.slice(1, -1));
}

function closingOf(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (`"'\``.includes(character)) at = endOfString(text, at);
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
