import { afterAll, describe, expect, it } from 'vitest';
import { planLanguage } from '../../src/adapters/image-builder/build-language.ts';
import { expectNothingLeft, isEngineThere, limits, makeSandbox, runInside } from './sandbox-harness.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;
const plan = await planLanguage('go', undefined).catch((error: unknown) => String(error));
const isGoThere = typeof plan !== 'string';
if (!isGoThere) console.warn(`SKIPPED: the tests of the Go image. ${plan}`);

/** A service as services are: HTTP, JSON, a database, a template, and a test that sends a request. */
const files = {
  'go.mod': 'module shop\n\ngo 1.20\n',
  'main.go':
    'package main\n\nimport (\n\t"net/http"\n\n\t"shop/cart"\n)\n\nfunc main() { http.ListenAndServe("127.0.0.1:8080", cart.Serve(nil)) }\n',
  'cart/cart.go': `package cart

import (
	"database/sql"
	"encoding/json"
	"html/template"
	"log"
	"net/http"
)

var page = template.Must(template.New("page").Parse("{{.}}"))

func Serve(db *sql.DB) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		log.Print(r.URL.Path, page.Name(), db == nil)
		json.NewEncoder(w).Encode(map[string]int{"total": 42})
	}
}
`,
  'cart/cart_test.go': `package cart

import (
	"io"
	"net/http/httptest"
	"testing"
)

func TestCart(t *testing.T) {
	server := httptest.NewServer(Serve(nil))
	defer server.Close()
	answer, err := server.Client().Get(server.URL + "/cart")
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(answer.Body); string(body) != "{\\"total\\":42}\\n" {
		t.Fatal(string(body))
	}
}
`,
};
const roomy = { ...limits, memoryMb: 1024, timeoutMs: 120_000, outputBytes: 2_000_000 };

/** Go's own account (`-x`) of the packages that it compiles, and of those that `go vet` examines, `go test` included. */
const listCompiled = (output: string) => unique(output.matchAll(/\/compile .*? -p (\S+)/g));
const listExamined = (output: string) => unique(output.matchAll(/"ImportPath": "([^" ]+)/g));
const unique = (matches: Iterable<RegExpMatchArray>) => [...new Set([...matches].map(([, name]) => name!))].sort();

describe.skipIf(!isEngineThere || !isGoThere)('a run of a Go service', { timeout: 600_000 }, () => {
  afterAll(() => expectNothingLeft(parts.docker));

  const step = 'echo "# next step"';
  const splitSteps = (output: string) => output.split('# next step\n') as [string, string, string];

  async function run(script: string): Promise<string> {
    const report = await runInside(parts, ['sh', '-c', script], { image: 'go', files, limits: roomy });
    const output = report.output.toString();
    expect(report, output.slice(-2000)).toMatchObject({ end: 'passed' });
    console.info(`${script.replaceAll(' 2>&1', '')}: ${report.durationMs} ms`);
    return output;
  }

  it('compiles and examines the service alone and nothing of the standard library, in its last command too', async () => {
    const output = await run('go test -x ./... 2>&1');
    expect(output).toMatch(/^ok\s+shop\/cart/m);
    expect(listCompiled(output)).toEqual(['main', 'shop/cart']);
    expect(listExamined(output)).toEqual(['shop', 'shop/cart']);

    const [built, examined, tested] = splitSteps(
      await run(`go build -x ./... 2>&1; ${step}; go vet -x ./... 2>&1; ${step}; go test -x ./... 2>&1`),
    );
    expect(listCompiled(built)).toEqual(['main', 'shop/cart']);
    expect([listCompiled(examined), listExamined(examined)]).toEqual([[], ['shop', 'shop/cart']]);
    expect([listCompiled(tested), listExamined(tested)]).toEqual([
      ['main', 'shop/cart'],
      ['shop', 'shop/cart'],
    ]);
  });

  it('is seen to compile the standard library where it does not use what the image holds', async () => {
    const output = await run(
      'mkdir /sandbox/empty && export GOCACHE=/sandbox/empty && go build -x unicode/utf8 2>&1 && go vet -x unicode/utf8 2>&1',
    );
    expect(listCompiled(output)).toEqual(['unicode/utf8']);
    expect(listExamined(output)).toEqual(['unicode/utf8']);
  });

  it('may start two `go` at once, compile anew and clean its cache', async () => {
    const [both, folders] = splitSteps(
      await run(
        `go build -x ./... >one 2>&1 & go build -x ./... >two 2>&1; wait $! && cat one two; ${step}; echo $GOCACHE*`,
      ),
    );
    expect(listCompiled(both)).toEqual(['main', 'shop/cart']);
    expect(folders).toBe('/sandbox/.cache/go-build\n');
    const [again, cleaned] = splitSteps(
      await run(`go build -a -x unicode/utf8 2>&1 && ${step} && go clean -cache && go build -x unicode/utf8 2>&1`),
    );
    expect(listCompiled(again)).toEqual(['unicode/utf8']);
    expect(listCompiled(cleaned)).toEqual(['unicode/utf8']);
  });
});
