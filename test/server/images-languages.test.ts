import { afterAll, describe, expect, it } from 'vitest';
import { planLanguage } from '../../src/adapters/image-builder/build-language.ts';
import { imageLanguages, type ImageLanguage } from '../../src/domain/reproduction/image-name.ts';
import { expectNothingLeft, isEngineThere, limits, makeSandbox, runInside } from './sandbox-harness.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;

interface Trial {
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly prints: RegExp;
}

/** For each language what a service's own tests do: compile, run, compare. */
const trials: Readonly<Record<ImageLanguage, Trial>> = {
  node: {
    files: { 'a.test.js': 'require("node:test")("adds", () => require("node:assert").equal(1 + 1, 2));' },
    command: ['node', '--test'],
    prints: /pass 1/,
  },
  python: {
    files: {
      // Compiled packages expect these two of any system, and pools of processes a place for their locks.
      'test_it.py': [
        'import ctypes, sqlite3, ssl, unittest',
        'from concurrent.futures import ProcessPoolExecutor',
        'class T(unittest.TestCase):',
        "  def test_libraries(self): [ctypes.CDLL(name) for name in ('libpthread.so.0', 'libstdc++.so.6')]",
        '  def test_processes(self):',
        '    with ProcessPoolExecutor(2) as pool: self.assertEqual(sum(pool.map(abs, [-40, 2])), 42)',
      ].join('\n'),
    },
    command: ['python3', '-m', 'unittest'],
    prints: /Ran 2 tests[\s\S]*OK/,
  },
  java: {
    files: {
      'Sum.java':
        'import java.net.http.*; class Sum { public static void main(String[] a) { HttpClient.newHttpClient(); System.out.println("sum " + (40 + 2)); } }',
    },
    command: ['sh', '-c', 'javac -d out Sum.java && java -cp out Sum'],
    prints: /^sum 42$/m,
  },
  c: {
    files: {
      'sum.c':
        '#include <stdio.h>\n#include <math.h>\nint main(int n, char **v) { printf("sum %d\\n", (int) sqrt(n * 1764.0)); return 0; }\n',
      'sum.cpp':
        '#include <iostream>\n#include <vector>\nint main() { std::vector<int> v{40, 2}; std::cout << "sum " << v[0] + v[1] << std::endl; }\n',
      Makefile:
        'test: c cpp\n\t./c && ./cpp\nc: sum.c\n\tgcc -O2 -Wall -fsanitize=undefined -o c sum.c -lm\ncpp: sum.cpp\n\tg++ -o cpp sum.cpp -pthread\n',
    },
    command: ['make', 'test'],
    prints: /^sum 42\nsum 42$/m,
  },
  go: {
    files: {
      'go.mod': 'module sum\n\ngo 1.20\n',
      'sum_test.go':
        'package sum\n\nimport (\n\t"encoding/json"\n\t"testing"\n)\n\nfunc TestSum(t *testing.T) {\n\tif b, _ := json.Marshal(42); string(b) != "42" {\n\t\tt.Fatal(string(b))\n\t}\n}\n',
    },
    command: ['go', 'test', './...'],
    prints: /^ok\s+sum/m,
  },
};

describe.skipIf(!isEngineThere)('a language image built from this machine', () => {
  afterAll(() => expectNothingLeft(parts.docker));

  for (const language of imageLanguages) {
    it(
      `of ${language} has the same id twice, and runs tests without a network`,
      // The image of Go compiles the standard library, and is made twice.
      { timeout: 600_000 },
      async (context) => {
        const plan = await planLanguage(language, undefined).catch((error: unknown) => String(error));
        if (typeof plan === 'string') {
          console.warn(`SKIPPED: the ${language} image. ${plan}`);
          return context.skip();
        }
        const first = await parts.images.ensureImage(language);
        expect(first.tag).toBe(plan.tag);
        await parts.docker.getImage(first.tag).remove({ force: true });
        const again = await parts.images.ensureImage(language);
        expect(again).toMatchObject({ source: 'built', id: first.id });
        const { size, ...named } = await inspect(again.id);
        console.info(
          `${language} ${plan.runtime.version}: ${Math.round(size / 1e6)} MB in ${again.durationMs} ms, ${again.id.slice(7, 19)} twice`,
        );
        expect(named).toMatchObject({ user: '65534:65534', labels: { 'resident.image': language } });

        const { files, command, prints } = trials[language];
        const roomy = { limits: { ...limits, memoryMb: 1024, timeoutMs: 90_000 } };
        const report = await runInside(parts, command, { image: language, files, ...roomy });
        expect(report.output.toString()).toMatch(prints);
        expect(report).toMatchObject({ end: 'passed' });
      },
    );

    it(`of ${language} is the same for its version, and refused with what is there for another`, async (context) => {
      const plan = await planLanguage(language, undefined).catch(() => undefined);
      if (!plan) return context.skip(`there is no ${language} on this machine`);
      const { version } = plan.runtime;
      expect((await planLanguage(language, version)).tag).toBe(plan.tag);
      await expect(parts.images.ensureImage(`${language}:0.7`)).rejects.toThrow(
        new RegExp(
          `${language} 0.7 is asked for, and it has .*${version.replaceAll('.', '\\.')}.*name another version`,
        ),
      );
    });
  }
});

async function inspect(id: string) {
  const { Size, Config } = await parts.docker.getImage(id).inspect();
  return { size: Size, user: Config.User, labels: Config.Labels };
}
