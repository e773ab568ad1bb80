import { describe, expect, it } from 'vitest';
import { countOf, cutText, sanitizeText, toOneLine } from '../../src/domain/text.ts';

describe('sanitizeText', () => {
  it('removes terminal escapes, with their parameters and titles', () => {
    expect(sanitizeText('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007end\u009b2J')).toBe('red end');
  });

  it('removes bidirectional overrides and invisible characters, which hide what a line says', () => {
    expect(sanitizeText('a\u202eb\u2066c\u200bd\ufeffe\u00adf')).toBe('abcdef');
  });

  it('keeps line breaks, tabs, accents and emoji', () => {
    const text = 'größe\t✓ 🚀\nzweite';
    expect(sanitizeText(text)).toBe(text);
    expect(sanitizeText(`${text}\u0000`)).toBe(text);
  });

  it('turns half characters into the replacement character, so that JSON stays valid', () => {
    expect(sanitizeText('x\ud800y\udc00z')).toBe('x\ufffdy\ufffdz');
  });

  it('cuts without splitting a character, and shows it', () => {
    expect(cutText('ab🚀cd', 4)).toBe('ab…');
    expect(cutText('abcd', 4)).toBe('abcd');
    expect(toOneLine(' a\n\n b\u0007 ', 10)).toBe('a b');
  });

  it('counts as people do', () => {
    expect([countOf(1, 'line'), countOf(0, 'line')]).toEqual(['1 line', '0 lines']);
  });
});
