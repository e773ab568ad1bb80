import type { Author, CommitRecipe, Edit } from '../../demo/history/recipe.ts';

export type PythonService = 'booking' | 'slots' | 'rates';
export type PythonVariant = 'deadline' | 'dates' | 'outage';

const author = (name: string): Author => ({ name, email: `${name.toLowerCase()}@rooms.example` });
const [nadia, oskar, ruth] = [author('Nadia'), author('Oskar'), author('Ruth')];

const edit = (file: string, before: string, after: string): Edit => ({ file, before, after });
const setting = (service: Author, subject: string, before: string, after: string): CommitRecipe => ({
  subject,
  author: service,
  edits: [edit('config.json', before, after)],
});
const startFiles = (service: PythonService, ...more: string[]): string[] => [
  'README.md',
  'config.json',
  'tests/__init__.py',
  ...['__init__', '__main__', 'service', 'web', ...more].map((name) => `${service}/${name}.py`),
];

/** Oldest first; the last state of each is what lies in test/fleets/python. */
export const baseHistories: Readonly<Record<PythonService, readonly CommitRecipe[]>> = {
  booking: [
    { subject: 'Take bookings', author: nadia, adds: startFiles('booking', 'neighbours') },
    { subject: 'Test that a day is asked for', author: nadia, adds: ['tests/test_service.py'] },
    { subject: 'Test whole days with the real neighbours', author: ruth, adds: ['tests/test_whole_day.py'] },
    {
      subject: 'Tell neighbours how long we wait',
      author: oskar,
      edits: [
        edit(
          'booking/neighbours.py',
          '"X-Request-Id": request_id}',
          '"X-Request-Id": request_id, "X-Deadline-Ms": str(int(self._wait_seconds * 1000))}',
        ),
      ],
    },
    {
      subject: 'Pass on what rates refuses',
      author: ruth,
      edits: [
        edit(
          'booking/neighbours.py',
          'as error:\n            log.error("%s answered',
          'as error:\n            if error.code == 422:\n                raise Refused(422, json.load(error)["error"]) from error\n            log.error("%s answered',
        ),
      ],
    },
    setting(nadia, 'Remember five hundred bookings', '"remembered": 200', '"remembered": 500'),
    {
      subject: 'Count bookings',
      author: oskar,
      edits: [
        edit(
          'booking/service.py',
          '        return 201, booking\n',
          '        return 201, booking\n\n    def count(query, body, headers):\n        return 200, {"bookings": len(bookings)}\n',
        ),
        edit('booking/service.py', '{"POST /bookings": book}', '{"POST /bookings": book, "GET /bookings": count}'),
      ],
    },
    setting(nadia, 'Wait a little less for slots', '"slots_wait_seconds": 1.0', '"slots_wait_seconds": 0.8'),
  ],
  slots: [
    { subject: 'List free slots from the ledger', author: ruth, adds: startFiles('slots', 'ledger', 'deadline') },
    { subject: 'Test the ledger', author: ruth, adds: ['tests/test_ledger.py'] },
    { subject: 'Test deadlines', author: oskar, adds: ['tests/test_deadline.py'] },
    {
      subject: 'Open at eight',
      author: nadia,
      edits: [edit('slots/ledger.py', 'FIRST_HOUR, LAST_HOUR = 9, 18', 'FIRST_HOUR, LAST_HOUR = 8, 18')],
    },
    setting(oskar, 'Let eight look at once', '"readers": 4', '"readers": 8'),
    {
      subject: 'Warn when few slots are left',
      author: ruth,
      edits: [
        edit(
          'slots/service.py',
          '        return 200',
          '        if len(free) < config["few_free"]:\n            log.warning("only %d slots left on %s", len(free), query["day"])\n        return 200',
        ),
        edit('config.json', '"readers": 8 }', '"readers": 8, "few_free": 3 }'),
      ],
    },
    {
      subject: 'Say where the time ran out',
      author: oskar,
      edits: [edit('slots/ledger.py', 'deadline.check("the ledger")', 'deadline.check(f"room {room} of {day}")')],
    },
    setting(nadia, 'Serve six rooms', '"rooms": 4', '"rooms": 6'),
  ],
  rates: [
    { subject: 'Say what an hour costs', author: oskar, adds: startFiles('rates', 'calendar', 'exchange') },
    { subject: 'Test the calendar', author: oskar, adds: ['tests/test_calendar.py'] },
    setting(nadia, 'Raise the hour to forty', '"hour_eur": 36', '"hour_eur": 40'),
    {
      subject: 'Refuse currencies that do not exist',
      author: ruth,
      edits: [
        edit(
          'rates/exchange.py',
          'as error:\n        log.error("%s answered',
          'as error:\n        if error.code == 404:\n            raise Refused(422, f"no such currency: {currency}") from error\n        log.error("%s answered',
        ),
      ],
    },
    {
      subject: 'Round to cents',
      author: oskar,
      edits: [edit('rates/service.py', '"price": price,', '"price": round(price, 2),')],
    },
    setting(ruth, 'Wait less for the provider', '_seconds": 3 }', '_seconds": 1.5 }'),
    setting(nadia, 'Weekends cost a quarter more', '"weekend_factor": 1.2,', '"weekend_factor": 1.25,'),
    {
      subject: 'Say where exchange rates come from',
      author: ruth,
      edits: [edit('README.md', 'currency=EUR`.', 'currency=EUR`. Exchange rates come from an outside provider.')],
    },
  ],
};

const quiet = {
  hangUp: setting(nadia, 'Hang up on rates after a second', '"rates_wait_seconds": 2.0', '"rates_wait_seconds": 1.0'),
  fewFree: setting(ruth, 'Warn of few slots earlier', '"few_free": 3', '"few_free": 5'),
  readerName: {
    subject: 'Call the readers what they are',
    author: oskar,
    edits: [
      edit('slots/ledger.py', 'self._readers = threading', 'self._free_readers = threading'),
      edit('slots/ledger.py', 'self._readers.acquire', 'self._free_readers.acquire'),
      edit('slots/ledger.py', 'self._readers.release', 'self._free_readers.release'),
    ],
  },
  weekendReadme: {
    subject: 'Document weekends',
    author: nadia,
    edits: [edit('README.md', 'What an hour costs.', 'What an hour costs; weekends are dearer.')],
  },
  startLog: {
    subject: 'Log at start what an hour costs',
    author: ruth,
    edits: [
      edit(
        'rates/service.py',
        '    def quote(',
        '    log.info("an hour costs %s EUR", config["hour_eur"])\n\n    def quote(',
      ),
    ],
  },
} satisfies Record<string, CommitRecipe>;

/** The header is in milliseconds; after this commit it is read as if it were in microseconds. Its author's tests pass. */
const badDeadline: CommitRecipe = {
  subject: 'Keep the limit as a timedelta',
  body: 'A bare number invites mistakes with its unit.',
  author: oskar,
  edits: [
    edit('slots/deadline.py', 'import time\n', 'import time\nfrom datetime import timedelta\n'),
    edit(
      'slots/deadline.py',
      '        return cls(int(value) / 1000, clock)',
      '        limit = timedelta(microseconds=int(value))\n        return cls(limit.total_seconds(), clock)',
    ),
  ],
};

/** The front desk's own paper form; callers send ISO 8601. */
const badDates: CommitRecipe = {
  subject: 'Read days as the front desk writes them',
  author: nadia,
  edits: [
    edit('rates/calendar.py', 'from datetime import date', 'from datetime import datetime'),
    edit('rates/calendar.py', '"""Days travel as ISO 8601."""', '"""Days as on paper: 24.11.2026."""'),
    edit('rates/calendar.py', 'date.fromisoformat(text)', 'datetime.strptime(text, "%d.%m.%Y").date()'),
    edit('tests/test_calendar.py', '2026-11-21', '21.11.2026'),
    edit('tests/test_calendar.py', '2026-11-24', '24.11.2026'),
  ],
};

interface Window {
  readonly commits: readonly CommitRecipe[];
  /** Milliseconds after the load began; absent when the commits wait for a later deploy. */
  readonly deployAfterMs?: number;
}

const earlyMs = 22_000;
const faultMs = 30_000;

/** The same fleet, broken in three ways; the alert always fires on booking. */
export const variants: Readonly<
  Record<PythonVariant, { readonly windows: Readonly<Record<PythonService, Window>>; readonly culprit?: CommitRecipe }>
> = {
  deadline: {
    windows: {
      booking: { commits: [quiet.hangUp], deployAfterMs: earlyMs },
      slots: { commits: [quiet.fewFree, badDeadline, quiet.readerName], deployAfterMs: faultMs },
      rates: { commits: [quiet.weekendReadme] },
    },
    culprit: badDeadline,
  },
  dates: {
    windows: {
      booking: { commits: [quiet.hangUp] },
      slots: { commits: [quiet.fewFree, quiet.readerName], deployAfterMs: earlyMs },
      rates: { commits: [badDates, quiet.startLog], deployAfterMs: faultMs },
    },
    culprit: badDates,
  },
  outage: {
    windows: {
      booking: { commits: [quiet.hangUp], deployAfterMs: earlyMs },
      slots: { commits: [quiet.fewFree, quiet.readerName], deployAfterMs: earlyMs + 4_000 },
      rates: { commits: [quiet.weekendReadme, quiet.startLog] },
    },
  },
};

/** When the outside provider goes down in the variant `outage`. */
export const outageAfterMs = faultMs;
