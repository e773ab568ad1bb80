/** What a closed incident teaches: a Markdown file with front matter in a Git repository that the users own. */
export interface Lesson {
  /** File name without its ending. */
  readonly id: string;
  readonly incidentId: string;
  readonly runId: string;
  readonly closedAt: string;
  readonly alertName: string;
  readonly alertService: string;
  readonly causeService: string;
  readonly category: string;
  readonly change: string;
  readonly outcome: string;
  /** Log message templates that marked the failure. */
  readonly signatures: readonly string[];
  readonly fix: string;
  readonly text: string;
}

/** A past lesson set beside what was found this time. */
export interface RecalledLesson {
  readonly id: string;
  /** 0 to 1: how alike alert, service and signatures are. */
  readonly similarity: number;
  readonly agreement: 'agrees' | 'disagrees' | 'cannot-tell';
  readonly why: string;
}
