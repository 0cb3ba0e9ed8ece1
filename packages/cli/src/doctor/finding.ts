/** What was looked at, and whether something should be done about it. */
export interface Finding {
  readonly what: string
  readonly is: string
  readonly level: 'ok' | 'advice' | 'problem'
  /** What to do, unless all is well. */
  readonly advice?: string
}

export const ok = (what: string, is: string): Finding => ({ what, is, level: 'ok' })

export const advice = (what: string, is: string, todo: string): Finding => ({
  ...{ what, is, level: 'advice', advice: todo },
})

export const problem = (what: string, is: string, todo: string): Finding => ({
  ...{ what, is, level: 'problem', advice: todo },
})
