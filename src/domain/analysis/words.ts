/** Words that say nothing about a particular fault, in English, in code and in logs. */
const stopWords = new Set(
  (
    'a an and are as at be by can did do does for from get got has have if in into is it its no not of on or our set that the then this to was ' +
    'were when which will with without func function return returns returned var let const def class struct type import export public private static void ' +
    'int string bool true false nil null none undefined err error errors fail failed failing failure failures warn warning info debug msg message ' +
    'log logger logging request requests response responses call called caller upstream downstream http https server service svc api app main new old use used ' +
    'using code status value values data name id key ctx context self args file line lines src lib pkg internal cmd test tests num hex uuid ip path str dur time ' +
    'above below during after before over under total count rate ratio percent pct avg p50 p90 p95 p99 sum max min per sec seconds minutes ms www com org net json text html go js ts mjs py rb java kt rs cs php cpp yml yaml xml'
  ).split(' '),
);

/**
 * Light stemming: plural and verb endings only, so that `exhausted` meets `exhaustion` and `queries` meets `query`.
 * A small part of what Porter does ("An algorithm for suffix stripping", Program 14, 1980). O(length).
 */
export function stem(word: string): string {
  if (word.length <= 4)
    return word.endsWith('s') && word.length === 4 && !word.endsWith('ss') ? word.slice(0, -1) : word;
  const endings: readonly (readonly [string, string])[] = [
    ['ations', ''],
    ['ation', ''],
    ['ions', ''],
    ['ion', ''],
    ['ings', ''],
    ['ing', ''],
    ['ies', 'y'],
    ['ers', ''],
    ['ed', ''],
    ['er', ''],
    ['es', ''],
    ['s', ''],
    ['e', ''],
  ];
  for (const [ending, to] of endings) {
    if (word.endsWith(ending) && !word.endsWith('ss') && word.length - ending.length >= 3) {
      return word.slice(0, -ending.length) + to;
    }
  }
  return word;
}

/** Splits text into stemmed words: camelCase, snake_case, dotted and slashed names come apart; stop words and bare numbers go. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const raw of text.match(/[A-Za-z][A-Za-z0-9]*/g) ?? []) {
    const apart = raw.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
    for (const part of apart.split(' ')) {
      const word = part.toLowerCase();
      if (word.length < 2 || word.length > 30 || stopWords.has(word)) continue;
      words.push(stem(word));
    }
  }
  return words;
}

/** Letters and digits only, lower case: `Payment-Service` and `paymentservice` compare equal. */
export function compactName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The part of a service's name that people use for short: `payment` of `payment-service`; the whole name when nothing is left. */
export function shortName(service: string): string {
  const compact = compactName(service);
  const short = compact.replace(/(micro)?(service|svc|server|api|app|worker|backend)$/, '');
  return short.length >= 3 ? short : compact;
}

/**
 * How often each word occurs over documents, turned into rarity: `ln(1 + N / df)`, the usual inverse document frequency.
 * Source: Spärck Jones, "A statistical interpretation of term specificity", 1972. O(words of all documents).
 */
export function countRarity(documents: readonly ReadonlySet<string>[]): (word: string) => number {
  const counts = new Map<string, number>();
  for (const document of documents) {
    for (const word of document) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return (word) => Math.log(1 + documents.length / Math.max(1, counts.get(word) ?? 0));
}
