export const SERVICES = ['order-service', 'user-service', 'payment-service', 'inventory-service'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** One replaced passage of a file. `before` and `after` must each occur exactly once where they are looked for. */
export interface Edit {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** One commit, told as the difference to the commit before it. */
export interface CommitRecipe {
  readonly subject: string;
  readonly body?: string;
  readonly author: Author;
  readonly edits?: readonly Edit[];
  /** Files that begin with this commit. */
  readonly adds?: readonly string[];
}

/** The files of one commit: path inside the repository to text. */
export type Tree = ReadonlyMap<string, string>;

export interface Author {
  readonly name: string;
  readonly email: string;
}

const author = (name: string): Author => ({
  name,
  email: `${name.toLowerCase().replace(' ', '.')}@shop.example`,
});

export const lena = author('Lena Brandt');
export const tomasz = author('Tomasz Wrona');
export const aisha = author('Aisha Karimi');
export const diego = author('Diego Serra');
export const mei = author('Mei Tanaka');

/**
 * The trees of `commits`, oldest first, when the last of them is `final`. The sources in demo/shop are that last state,
 * so earlier ones are found by undoing commits from the end.
 */
export function treesUpTo(final: Tree, commits: readonly CommitRecipe[]): Tree[] {
  const trees: Tree[] = [];
  let tree = final;
  for (const commit of [...commits].reverse()) {
    trees.unshift(tree);
    const earlier = new Map(tree);
    for (const edit of [...(commit.edits ?? [])].reverse())
      replace(earlier, commit, edit.file, edit.after, edit.before);
    for (const file of commit.adds ?? []) earlier.delete(file);
    tree = earlier;
  }
  return trees;
}

/** The trees of `commits`, oldest first, made one after the other on top of `start`. */
export function treesFrom(start: Tree, commits: readonly CommitRecipe[]): Tree[] {
  const trees: Tree[] = [];
  let tree = start;
  for (const commit of commits) {
    const later = new Map(tree);
    for (const edit of commit.edits ?? []) replace(later, commit, edit.file, edit.before, edit.after);
    trees.push(later);
    tree = later;
  }
  return trees;
}

function replace(tree: Map<string, string>, commit: CommitRecipe, file: string, from: string, to: string): void {
  const pieces = (tree.get(file) ?? '').split(from);
  if (pieces.length !== 2) {
    const found = tree.has(file) ? `${pieces.length - 1} times` : 'not, because the file is not there,';
    throw new Error(`History, commit "${commit.subject}": the passage occurs ${found} in ${file}, not once:\n${from}`);
  }
  tree.set(file, pieces.join(to));
}
