import { globSync } from 'tinyglobby';
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** A dotted failure type that the code can throw, and whether trying again can help. */
export interface FailureType {
  readonly type: string;
  /** `varies` where it depends on the case. */
  readonly retried: 'yes' | 'no' | 'varies';
}

interface Found {
  readonly type: string;
  /** Undefined where the source computes it. */
  readonly retryable: boolean | undefined;
}

/**
 * Reads from the syntax of src/ which failure types can be thrown: the `system` and `kind` of each `new OutsideError`, and
 * the dotted texts that become the type of an ApplicationFailure.
 * @throws Error for a `kind` that it cannot trace to literals, so that no failure escapes the table unseen.
 */
export function findFailureTypes(root: string): readonly FailureType[] {
  const files = globSync('src/**/*.ts', { cwd: root, absolute: true });
  const found = files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    return [...findOutsideErrors(source), ...findApplicationFailures(source)];
  });
  const types = [...new Set(found.map(({ type }) => type))].sort();
  return types.map((type) => ({ type, retried: tellRetried(found.filter((one) => one.type === type)) }));
}

function tellRetried(found: readonly Found[]): FailureType['retried'] {
  const answers = new Set(found.map(({ retryable }) => retryable));
  if (answers.size > 1 || answers.has(undefined)) return 'varies';
  return answers.has(true) ? 'yes' : 'no';
}

function findOutsideErrors(source: ts.SourceFile): readonly Found[] {
  return listNodes(source, ts.isNewExpression)
    .filter((node) => node.expression.getText() === 'OutsideError')
    .flatMap((node) => {
      const trouble = node.arguments?.[1];
      const system = trouble && ts.isObjectLiteralExpression(trouble) ? findLiteral(trouble, 'system') : undefined;
      if (!trouble || !ts.isObjectLiteralExpression(trouble) || system === undefined) {
        throw new Error(`${where(node)}: the system of this OutsideError is not a literal.`);
      }
      return traceKinds(source, trouble).map(({ kind, retryable }) => ({ type: `${system}.${kind}`, retryable }));
    });
}

interface Kind {
  readonly kind: string;
  readonly retryable: boolean | undefined;
}

/** The kinds that reach one `{ system, kind, retryable }`: written there, handed in by callers, or taken from a table of the file. */
function traceKinds(source: ts.SourceFile, trouble: ts.ObjectLiteralExpression): readonly Kind[] {
  const retryable = readBoolean(findValue(trouble, 'retryable'));
  const value = findValue(trouble, 'kind');
  const literals = value ? listNodes(value, ts.isStringLiteral).map((literal) => literal.text) : [];
  const written = literals.map((kind) => ({ kind, retryable }));
  if (written.length > 0) return written;
  const handed = findCallers(source, trouble).map(({ kind, retryable: given }) => ({
    kind,
    retryable: findValue(trouble, 'retryable') && retryable !== undefined ? retryable : given,
  }));
  if (handed.length > 0) return handed;
  const table = listNodes(source, ts.isObjectLiteralExpression).flatMap((object) => {
    const kind = findLiteral(object, 'kind');
    if (kind === undefined || findValue(object, 'system') || !findValue(object, 'retryable')) return [];
    return [{ kind, retryable: readBoolean(findValue(object, 'retryable')) }];
  });
  if (table.length > 0) return table;
  throw new Error(`${where(trouble)}: the kind of this OutsideError cannot be traced to literals.`);
}

/** Calls, in the same file, of the function that makes the error, where the first argument is its `kind`. */
function findCallers(source: ts.SourceFile, trouble: ts.Node): readonly Kind[] {
  const maker = ts.findAncestor(trouble, (node) => ts.isFunctionDeclaration(node) || ts.isArrowFunction(node));
  if (!maker || (!ts.isFunctionDeclaration(maker) && !ts.isArrowFunction(maker))) return [];
  if (maker.parameters[0]?.name.getText() !== 'kind') return [];
  const name = ts.isFunctionDeclaration(maker)
    ? maker.name?.text
    : ts.isVariableDeclaration(maker.parent)
      ? maker.parent.name.getText()
      : undefined;
  return listNodes(source, ts.isCallExpression)
    .filter((call) => call.expression.getText() === name)
    .map((call) => {
      const [kind, ...rest] = call.arguments;
      if (!kind || !ts.isStringLiteral(kind)) throw new Error(`${where(call)}: the kind is not a literal.`);
      return { kind: kind.text, retryable: readRetryArgument(rest) };
    });
}

/** `true` or `false` among the arguments, or `{ retryable: … }`; a maker without either does not try again. */
function readRetryArgument(rest: readonly ts.Expression[]): boolean | undefined {
  for (const argument of rest) {
    const plain = readBoolean(argument);
    if (plain !== undefined) return plain;
    if (ts.isObjectLiteralExpression(argument)) return readBoolean(findValue(argument, 'retryable')) ?? false;
    if (argument.kind === ts.SyntaxKind.CallExpression) return undefined;
  }
  return false;
}

/** Dotted texts such as `Action.Expired` in the code; comments do not count. */
function findApplicationFailures(source: ts.SourceFile): readonly Found[] {
  return listNodes(source, ts.isStringLiteral)
    .filter((literal) => /^[A-Z][A-Za-z]+\.[A-Z][A-Za-z]+$/.test(literal.text))
    .map((literal) => {
      const object = literal.parent.parent;
      const stated = ts.isObjectLiteralExpression(object) ? findValue(object, 'nonRetryable') : undefined;
      // Without a statement it goes through `refuse` or `ApplicationFailure.nonRetryable`.
      return { type: literal.text, retryable: readBoolean(stated) === false };
    });
}

function listNodes<T extends ts.Node>(from: ts.Node, is: (node: ts.Node) => node is T): readonly T[] {
  const found: T[] = [];
  const visit = (node: ts.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(from);
  return found;
}

function findValue(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const property of object.properties) {
    if (property.name?.getText() !== name) continue;
    if (ts.isPropertyAssignment(property)) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property)) return property.name;
  }
  return undefined;
}

function findLiteral(object: ts.ObjectLiteralExpression, name: string): string | undefined {
  const value = findValue(object, name);
  return value && ts.isStringLiteral(value) ? value.text : undefined;
}

function readBoolean(value: ts.Expression | undefined): boolean | undefined {
  if (value?.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (value?.kind === ts.SyntaxKind.FalseKeyword) return false;
  return undefined;
}

function where(node: ts.Node): string {
  const source = node.getSourceFile();
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
